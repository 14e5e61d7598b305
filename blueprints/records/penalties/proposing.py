"""Proposing a penalty by hand, from the page of the record where it was seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import BooleanField, ChoiceField, LocalDateField, MoneyField, TermField, TextField
from blueprints.http import requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from portal import clock, formatting
from portal.db import session
from portal.errors import Invalid, NotFound
from portal.i18n import N_, _
from portal.models.org import Crew, Party, User
from portal.permissions import Permission, may
from portal.processes.penalty import Kind, Rule, Sanction
from portal.services import penalty_proposing, penalty_rules, record_kinds
from portal.services.penalty_proposing import ProposePenalty

P = Permission
PLEASE = N_("Please choose")
AS_THE_RULE_SAYS = N_("As the catalogue says")
NOT_SEEN_AT = frozenset(
    [
        "penalties",
        "rewards",
        "parties",
        "crews",
        "branches",
        "users",
        "customers",
        "properties",
        "lead-touches",
        "contract-templates",
    ]
)
"""Kinds whose pages propose nothing: nothing is done wrong or well there."""
WHO = {"crews": Crew, "parties": Party, "users": User}


@blueprint.route("/penalties/new", methods=["GET", "POST"])
@requires(P.PENALTY_PROPOSE)
def new_penalty() -> ResponseReturnValue:
    """Propose a penalty for what was seen at a record: a complaint, a repair, a contact, a project."""
    record = source()
    form = ProposeForm().prepare(record)

    def make(writing: Session) -> str:
        made = penalty_proposing.propose_by_hand(
            writing, source(), form.to_command(writing), actor=g.user, at=clock.now()
        )
        return editing.path(made[0])

    note = _("For %(number)s. The manager decides; until then nobody is penalised.", number=record.number)
    return editing.create(form, showing.sheet(_("Propose a penalty"), record, record.KIND, note=note), make)


@blueprint.app_template_global()
def proposals_at(record: Any) -> list[tuple[str, str, str]]:
    """The ways to propose a penalty and a reward for what was seen at this record: icon, words, address; none for whoever may not."""
    if record.KIND in NOT_SEEN_AT or not may(g.get("user"), P.PENALTY_PROPOSE):
        return []
    which = urlencode({"kind": record.KIND, "number": record.number})
    return [
        ("gavel", _("Propose a penalty"), f"/records/penalties/new?{which}"),
        ("thumb-up", _("Propose a reward"), f"/records/rewards/new?{which}"),
    ]


def source() -> Any:
    """The record it was seen at, by kind and number of the address. Raises NotFound."""
    kind = request.args.get("kind", "")
    if kind in NOT_SEEN_AT:
        raise NotFound()
    return record_kinds.find(session(), g.user, kind, number=request.args.get("number", ""))


def person_choices(record: Any) -> list[tuple[str, Any]]:
    """Those who worked there first, then everybody who can be named."""
    near = penalty_proposing.people_of(session(), record)
    crews, parties, colleagues = penalty_proposing.people(session(), g.user)
    named = {(person.KIND, person.id): person.name for person in (*near, *crews, *parties, *colleagues)}
    return [(f"{kind}:{key}", name) for (kind, key), name in named.items()]


def chosen_person(writing: Session, chosen: str) -> Any:
    """The crew, party or colleague of a choice. Raises Invalid when gone meanwhile."""
    kind, _colon, key = chosen.partition(":")
    person = writing.get(WHO[kind], int(key))
    if person is None:
        raise Invalid({"person": N_("Choose who it was.")})
    return person


class ProposeForm(RecordForm):
    """Who, by which rule, when, what was seen."""

    SECTIONS = (
        (N_("Penalty"), ("person", "rule", "offended_on", "is_ticket", "what")),
        (N_("Other than the catalogue says"), ("kind", "amount", "base")),
    )
    WIDE = frozenset({"what", "rule"})

    person = ChoiceField(N_("Crew or person"), choices=[], required=True, blank=PLEASE)
    rule = ChoiceField(N_("By rule"), choices=[], required=True, blank=PLEASE)
    offended_on = LocalDateField(N_("Day of the offence"), required=True)
    is_ticket = BooleanField(N_("Ticket written on site"))
    what = TextField(N_("What was seen"), limit=1000, rows=4, required=True)
    kind = TermField(N_("Kind"), Kind, leave_out=(Kind.BY_DECISION,), blank=AS_THE_RULE_SAYS)
    amount = MoneyField(N_("Amount (yuan)"))
    base = MoneyField(N_("Percent of (yuan)"))

    def prepare(self, record: Any) -> ProposeForm:
        """Offer those who worked there first, then everybody; the lines of the catalogue that hold."""
        self.person.choices = person_choices(record)
        rules = penalty_rules.in_force(session()).values()
        offered = [(rule.code, called(rule)) for rule in rules if rule.is_active and not rule.is_reward]
        self.rule.choices = offered
        if not self.is_submitted():
            self.offended_on.data = clock.today(clock.now())
        return self

    def to_command(self, writing: Session) -> ProposePenalty:
        """Raises Invalid when the person is gone meanwhile."""
        return ProposePenalty(
            rule=str(self.rule.data),
            person=chosen_person(writing, str(self.person.data)),
            offended_on=self.offended_on.data,
            what=self.what.data,
            kind=str(self.kind.data) if self.kind.data else None,
            amount=self.amount.data,
            base=self.base.data,
            is_ticket=self.is_ticket.data,
        )


def called(rule: Rule) -> str:
    """A line of the catalogue in one line: code, offence, what follows."""
    return f"{rule.code} {rule.offence} · {follows(rule)}"


def follows(rule: Rule) -> str:
    """What a line leads to, time by time."""
    return " → ".join("、".join(sanction_text(one) for one in time) for time in rule.times) or str(rule.note or "")


def sanction_text(one: Sanction) -> str:
    """One consequence with its figure."""
    if one.amount is not None:
        return f"{one.kind.label} {formatting.money(one.amount)}"
    if one.percent is not None:
        return f"{one.kind.label} {one.percent.normalize():f} %"
    if one.months is not None:
        return _("%(kind)s for %(count)s months", kind=str(one.kind.label), count=one.months)
    return str(one.kind.label)
