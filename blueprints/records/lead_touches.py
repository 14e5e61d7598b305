"""Pre-sale messages: those of today one after the other, the record, its steps. Rules: `portal/processes/lead_touch.py`."""

from __future__ import annotations

from urllib.parse import quote

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.forms import BooleanField, TermField, TextField
from blueprints.http import find_or_404, page, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, mail, settings
from portal.db import session, transaction
from portal.i18n import N_, _
from portal.models.customer import Customer
from portal.models.lead_touch import LeadTouch
from portal.permissions import Permission, may
from portal.processes.lead_touch import PROCESS, Action, State, TouchChannel, TouchKind
from portal.services import customers, lead_touches
from portal.services.lead_touches import FIELDS

P = Permission
PATH = "/lead-touches/<number>"
TODAY = "/records/lead-touches/today"
L = PROCESS.field_labels
NAMED = (
    joinedload(LeadTouch.customer).joinedload(Customer.owner),
    joinedload(LeadTouch.property),
    joinedload(LeadTouch.consultation),
    joinedload(LeadTouch.sent_by),
)
PLANNED = ("kind", "due_on")
LATER = {
    State.SENT: ("channel", "sent_at", "mail_state", "text", "response", "asked_to_stop"),
    State.SKIPPED: ("skip_reason", "reason"),
}
"""What is shown once it was sent or skipped."""
ONLY_IF_SAID = frozenset({"mail_state", "reason", "asked_to_stop"})


class SendForm(StepForm):
    """How it was sent; the text is that of its kind, filled in."""

    channel = TermField(L["channel"], TouchChannel, required=True, radio=True)
    text = TextField(L["text"], limit=1000, rows=4, description=N_("Empty: the usual text of the message"))
    response = TextField(L["response"], limit=1000, rows=2)
    asked_to_stop = BooleanField(L["asked_to_stop"])

    def prepare(self, desk: Desk) -> None:
        """Offer e-mail where it can go out."""
        customer = desk.record.customer
        if not customer.email or mail.server(desk.session) is None:
            self.channel.choices = [each for each in self.channel.choices if each[0] != TouchChannel.EMAIL]
        if not self.is_submitted():
            self.channel.data = TouchChannel.SMS
            self.text.data = lead_touches.text_of(desk.session, desk.record, desk.user, desk.at)

    def to_command(self, desk: Desk) -> lead_touches.Send:
        """The command."""
        return lead_touches.Send(
            str(self.channel.data), self.text.data, self.response.data, bool(self.asked_to_stop.data)
        )


class SkipForm(StepForm):
    """Why not."""

    reason = TextField(L["reason"], limit=200, required=True)

    def to_command(self, desk: Desk) -> lead_touches.Skip:
        """The command."""
        return lead_touches.Skip(self.reason.data)


class RespondForm(StepForm):
    """What the customer said."""

    response = TextField(L["response"], limit=1000, rows=3, required=True)
    asked_to_stop = BooleanField(L["asked_to_stop"])

    def prepare(self, desk: Desk) -> None:
        """What was noted already is there to be changed."""
        if not self.is_submitted():
            self.response.data, self.asked_to_stop.data = desk.record.response, desk.record.asked_to_stop

    def to_command(self, desk: Desk) -> lead_touches.Respond:
        """The command."""
        return lead_touches.Respond(self.response.data, bool(self.asked_to_stop.data))


def _find(number: str) -> LeadTouch:
    return find_or_404(LeadTouch, number, NAMED)


STEPS = StepPages(
    find=_find,
    forms={
        Action.SEND: (SendForm, lead_touches.send),
        Action.SKIP: (SkipForm, lead_touches.skip),
        Action.RESPOND: (RespondForm, lead_touches.respond),
    },
    kinds=N_("Pre-sale messages"),
    heading=lambda touch: (touch.customer.name, TouchKind.show(touch.kind)),
    shows_waiting_clocks=False,
)


@blueprint.get("/lead-touches/today")
@requires(P.TOUCH_WORK)
def lead_touches_today() -> ResponseReturnValue:
    """The messages to be sent today, one after the other."""
    return _today(request.args.get("at", ""))


@blueprint.get(PATH)
@requires(P.TOUCH_VIEW)
def lead_touch(number: str) -> ResponseReturnValue:
    """The message: when it is due, what was sent, what the customer said."""
    record = _find(number)
    at = clock.now()
    notes = [("ban", _("The customer wants no messages."))] if record.customer.sms_opt_out else []
    if record.state == State.DUE:
        notes.append(("message", lead_touches.text_of(session(), record, g.user, at)))
    later = LATER.get(State(record.state), ())
    known = tuple(name for name in later if name not in ONLY_IF_SAID or getattr(record, name))
    return showing.show(
        record,
        TouchKind.show(record.kind),
        FIELDS,
        ((N_("Message", "lead touch"), (*PLANNED, *known)),),
        meta=[(record.customer.name, editing.path(record.customer)), (_home(record), "")],
        notes=notes,
        household_url=f"{editing.path(record.customer)}/household",
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.TOUCH_VIEW)
def lead_touch_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a message: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.post(f"{PATH}/phone")
@requires(P.CUSTOMER_UNMASK)
def lead_touch_phone(number: str) -> ResponseReturnValue:
    """The full number, for writing or calling. That it was seen is kept."""
    with transaction() as writing:
        touch = _find(number)
        purpose = str(N_("Pre-sale message", "purpose"))
        customers.unmask(writing, touch.customer, purpose=purpose, actor=g.user, at=clock.now(), record=touch)
    return _today(number, shows_number=True)


def _today(number: str, *, shows_number: bool = False) -> ResponseReturnValue:
    at = clock.now()
    waiting = lead_touches.queue(session(), g.user, at)
    place = next((index for index, each in enumerate(waiting) if each.number == number), 0)
    touch = waiting[place] if waiting else None
    form, url = None, ""
    if touch is not None:
        form = SendForm(formdata=None)
        form.prepare(Desk(session(), touch, g.user, at))
        form.version.data = str(touch.version)
        following = waiting[(place + 1) % len(waiting)]
        url = TODAY if following is touch else f"{TODAY}?at={quote(following.number)}"
    grace = int(settings.get(session(), "touch_grace_days"))
    today = clock.today(at)
    return page(
        "records/lead_touches/today.html",
        waiting=[
            {
                "number": each.number,
                "name": each.customer.name,
                "kind": TouchKind.show(each.kind),
                "due": formatting.full_date(each.due_on),
                "is_late": (today - each.due_on).days > grace,
                "is_here": each is touch,
                "url": f"{TODAY}?at={quote(each.number)}",
            }
            for each in waiting
        ],
        is_capped=len(waiting) == lead_touches.MOST,
        touch=touch,
        kind=TouchKind.show(touch.kind) if touch is not None else "",
        home=_home(touch) if touch is not None else "",
        form=form,
        next_url=url,
        phone=touch.customer.phone if touch is not None and shows_number else "",
        sms_url=f"sms:{touch.customer.phone}?body={quote(str(form.text.data))}"
        if touch and form and shows_number
        else "",
        may_unmask=may(g.user, P.CUSTOMER_UNMASK),
    )


def _home(touch: LeadTouch) -> str:
    if touch.property is not None:
        return touch.property.address
    return (touch.consultation.property_address if touch.consultation is not None else None) or ""
