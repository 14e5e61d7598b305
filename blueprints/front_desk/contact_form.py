"""The one form of the front desk: a call, a visit or a message, with what was done about it at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from wtforms.widgets import TextInput

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    Form,
    HiddenField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    PhoneField,
    TermField,
    TextField,
)
from blueprints.survey_scores import SCORES
from portal import clock, typed
from portal.i18n import N_, _
from portal.models.consultation import Channel, Complexity, Matter
from portal.models.customer import CustomerSource, Intention
from portal.models.org import Department, User
from portal.permissions import Role
from portal.processes.consultation import PROCESS
from portal.services import consultations
from portal.services.recognition import Caller
from portal.services.steps import CLOCK_SLACK

L = PROCESS.field_labels
ONLINE = frozenset({Channel.WEBSITE, Channel.WECHAT, Channel.PLATFORM, Channel.EMAIL, Channel.BOX, Channel.EXPO})
"""Channels on which somebody may be known by a name of that channel and no phone number."""
RECORD, PASS_ON, FIND, OTHER = "record", "pass", "find", "other"
"""What the pressed button says: only write down, pass on too, look the number up, it is somebody else."""
LONGEST_CONTACT = 30
LONGEST_CALL = 4 * 3600
"""Seconds; a longer registration was a forgotten page and says nothing."""

SOURCES = {
    Channel.VISIT: CustomerSource.STORE,
    Channel.WEBSITE: CustomerSource.WEBSITE,
    Channel.WECHAT: CustomerSource.WECHAT,
    Channel.PLATFORM: CustomerSource.PLATFORM,
    Channel.EXPO: CustomerSource.EXPO,
}
"""How somebody new came, unless the desk says otherwise."""


class QuickMomentField(LocalDateTimeField):
    """A moment that is quick to type: `10:00` or `1000` is today's, `2026-05-12 10:00` any other."""

    widget = TextInput()

    def parse(self, text: str) -> datetime:
        """Raises ValueError for what is no moment."""
        short = re.fullmatch(r"([0-9]{1,2})[:：.时]?([0-9]{2})分?", typed.narrow(text))
        if short is None:
            return super().parse(text)
        hour, minute = int(short[1]), int(short[2])
        if hour > 23 or minute > 59:
            raise ValueError(_("This time does not exist"))
        return clock.at_local(clock.today(clock.now()), hour, minute)

    def show(self, value: Any) -> str:
        """The time alone when it is today's."""
        shown = clock.local(value)
        return f"{shown:%H:%M}" if shown.date() == clock.today(clock.now()) else f"{shown:%Y-%m-%d %H:%M}"


class SoonField(QuickMomentField):
    """A moment to come."""

    def parse(self, text: str) -> datetime:
        """Raises ValueError also for a moment that is over."""
        moment = super().parse(text)
        if moment < clock.now():
            raise ValueError(_("This time is over; for another day write the date too: 2026-05-12 10:00"))
        return moment


class PastField(QuickMomentField):
    """A moment that is over; blank is now, whenever the form is sent."""

    def parse(self, text: str) -> datetime:
        """Raises ValueError also for a moment that is still to come."""
        moment = super().parse(text)
        if moment > clock.now() + CLOCK_SLACK:
            raise ValueError(_("This time is still to come; for another day write the date too: 2026-05-10 21:40"))
        return moment


class CallerField(PhoneField):
    """The number of whoever is there. What is no whole number is no error yet: it may still tell who is calling."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number if it is one; `typed` keeps what stands in the control."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None

    @property
    def typed(self) -> str:
        """What was typed, cleaned, at most 60 signs."""
        return typed.clean(str(self.raw_data[0]))[:60] if self.raw_data else ""


class ContactForm(Form):
    """Registration of a contact. Which fields count depends on the matter; the others are simply empty."""

    client_key = HiddenField()
    matched = HiddenField()
    filled_name = HiddenField()
    taken_seconds = HiddenField()
    customer = HiddenField()
    channel = TermField(L["channel"], Channel, required=True)
    number = CallerField(N_("Number of the caller"), required=False, allow_landline=True)
    kind = TermField(L["kind"], Matter, radio=True)
    name = NameField(L["name"], required=False)
    project = ChoiceField(N_("About"), coerce=int, choices=[])
    question = TextField(N_("What is it about?"), limit=4000, rows=3)
    complexity = TermField(N_("Question is"), Complexity, radio=True)
    answer = TextField(L["answer"], limit=4000, rows=2)
    is_satisfied = ChoiceField(L["is_satisfied"], choices=[("yes", N_("Yes")), ("no", N_("No"))], radio=True)
    score = ChoiceField(L["score"], coerce=int, choices=SCORES, radio=True)
    forwarded_department = TermField(L["forwarded_department"], Department, blank=N_("Choose a department"))
    transfer_consent = BooleanField(L["transfer_consent"])
    wait_told = BooleanField(L["wait_told"])
    message_to = ChoiceField(N_("Message for"), coerce=int, choices=[], blank=N_("Responsible specialist"))
    promise = TextField(N_("Promised to the customer"), limit=200)
    promised_at = SoonField(N_("To be kept by"))
    occurred_at = PastField(L["occurred_at"])
    is_urgent = BooleanField(N_("Urgent"))
    needs_call_back = BooleanField(N_("Missed call, to be returned"))
    new_customer = BooleanField(N_("Make an unknown caller a new customer"))
    property_address = TextField(N_("Address of the home"), limit=200)
    area = MoneyField(N_("Area (m²)"), maximum=Decimal("999999.99"))
    layout = TextField(N_("Layout"), limit=50)
    style = TextField(N_("Preferred style"), limit=100)
    budget = MoneyField(N_("Budget"))
    handover_on = LocalDateField(N_("Hand-over of the estate"))
    wanted_start_on = LocalDateField(N_("Wanted start"))
    source = TermField(N_("Customer source"), CustomerSource, blank=N_("As the channel says"))
    intention = TermField(N_("Intention"), Intention, blank=N_("Not known yet"))
    then = HiddenField()

    def prepare(self, people: Sequence[tuple[int, str]], caller: Caller) -> None:
        """Fill in whom a message can be for (see `people_choice`), and what the caller can be calling about."""
        self.message_to.choices = list(people)
        homes = caller.household.homes if caller.household else []
        self.project.choices = [(home.project.id, home.project.property.address) for home in homes]
        if self.project.data is not None and all(self.project.data != key for key, _label in self.project.choices):
            self.project.data = None  # of the customer who was shown before

    def set_fresh(self, key: str, channel: Channel) -> None:
        """The form before anything is typed."""
        self.client_key.data, self.channel.data = key, channel
        self.complexity.data, self.new_customer.data = Complexity.COMMON, True

    def check(self, caller: Caller) -> bool:
        """Whether everything can be taken, with what depends on the matter; sentences stand at the fields."""
        is_good = bool(self.validate())
        missed = bool(self.needs_call_back.data)
        wanted: list[Any] = [] if missed else [self.kind, self.question]
        if not (missed or self.name.data or caller.customer):
            wanted.append(self.name)
        matter = self.kind.data
        if self.is_forwarded and self.is_passed_on:
            wanted.append(self.forwarded_department)
            agreements: tuple[Any, ...] = (self.transfer_consent, self.wait_told)
            for agreed in agreements:
                if not agreed.data:
                    _refuse(agreed, _("Ask the caller first, and say how long it takes."))
                    is_good = False
        if matter == Matter.MESSAGE and not self.message_to.data and not (caller.customer and caller.customer.owner):
            wanted.append(self.message_to)
        for field in wanted:
            if not field.data and not field.errors:
                _refuse(field, _("Please fill in: %(field)s", field=str(field.label.text)))
                is_good = False
        if self.score.data and not self.is_satisfied.data:
            _refuse(self.is_satisfied, _("Please fill in: %(field)s", field=str(self.is_satisfied.label.text)))
            is_good = False
        if self.is_satisfied.data and not self.is_forwarded and not self.answer.data:
            _refuse(self.answer, _("Please fill in: %(field)s", field=str(self.answer.label.text)))
            is_good = False
        if self.phone(caller) is None:
            is_good = False
        if len(caller.matches) > 1 and caller.customer is None and not caller.is_somebody_else and not missed:
            _refuse(self.number, _("Several customers have this number. Choose who is calling."))
            is_good = False
        return is_good

    @property
    def close(self) -> consultations.Close | None:
        """What was said at the end; None: it was not asked."""
        if not self.is_satisfied.data:
            return None
        return consultations.Close(self.is_satisfied.data == "yes", score=self.score.data or None)

    @property
    def is_forwarded(self) -> bool:
        """Whether the question is one for a department."""
        return self.kind.data == Matter.CONSULT and self.complexity.data == Complexity.SPECIAL

    @property
    def department(self) -> str | None:
        """The department the question is for."""
        chosen = self.forwarded_department.data
        return str(chosen) if self.is_forwarded and chosen else None

    @property
    def is_passed_on(self) -> bool:
        """Whether the person pressed "register and pass on"; the other button only records."""
        return self.then.data != RECORD

    @property
    def is_lookup(self) -> bool:
        """Whether only the caller was asked for: nothing is to be saved."""
        return self.then.data in (FIND, OTHER)

    @property
    def seconds(self) -> int | None:
        """How long the registration took; None when nobody can say."""
        text = self.taken_seconds.data or ""
        return int(text) if re.fullmatch(r"[0-9]{1,5}", text) and int(text) <= LONGEST_CALL else None

    def phone(self, caller: Caller) -> str | None:
        """The number to keep: what was typed, else the customer's own; online also another way to reach somebody.

        None, with the sentence at the field, when there is nothing to reach the caller by.
        """
        text = self.number.typed
        if self.number.data:
            return str(self.number.data)
        if caller.customer is not None:
            return caller.customer.phone
        if not text:
            _refuse(self.number, _("Please fill in: %(field)s", field=str(self.number.label.text)))
        elif self.channel.data not in ONLINE:
            _refuse(self.number, _("A mobile number has 11 digits, a landline its area code: 0571-88123456"))
        elif len(text) > LONGEST_CONTACT or not typed.is_readable(text):
            _refuse(self.number, _("Contains characters that cannot be recognised"))
        else:
            return text
        return None


def people_choice(person: User) -> tuple[int, str]:
    """A colleague as one of those a message can be for."""
    return person.id, f"{person.name} · {Role(person.role).label}"


def _refuse(field: Any, sentence: str) -> None:
    if sentence not in field.errors:
        field.errors = [*field.errors, sentence]
