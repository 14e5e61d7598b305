"""Follow-up calls and liaison slips: their pages and steps, and asking to read them. Rules: `portal/processes/follow_up*.py`."""

from __future__ import annotations

from typing import Any

from flask import flash, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, get_or_404, page, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.follow_up_forms import CALL_FORMS, TICKET_FORMS, AccessForm
from blueprints.records.steps import StepPages
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import N_, _, _p
from portal.models.customer import CustomerGrade
from portal.models.follow_up import AccessState, FollowUpCall, FollowUpTicket, RepairFollowUp, Revisit
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes.follow_up import AnsweredBy, AttemptOutcome, CallStage, ItemKind, Manner, Overall, leads_to
from portal.services import projects, repeats
from portal.services.calls import access
from portal.services.fields import Field, link, term

P = Permission
CALL_PATH, TICKET_PATH = "/follow-up-calls/<number>", "/follow-up-tickets/<number>"
C, T = call_rules.PROCESS.field_labels, ticket_rules.PROCESS.field_labels

CALL_NAMED = (
    joinedload(FollowUpCall.customer),
    joinedload(FollowUpCall.project).joinedload(Project.property),
    joinedload(FollowUpCall.owner),
    joinedload(FollowUpCall.caller),
    joinedload(FollowUpCall.script),
    selectinload(FollowUpCall.attempts),
    selectinload(FollowUpCall.answers),
    selectinload(FollowUpCall.tickets),
    joinedload(FollowUpCall.revisit).joinedload(Revisit.slip),
    joinedload(FollowUpCall.after).joinedload(RepairFollowUp.order),
)
TICKET_NAMED = (
    joinedload(FollowUpTicket.customer),
    joinedload(FollowUpTicket.project).joinedload(Project.property),
    joinedload(FollowUpTicket.owner),
    joinedload(FollowUpTicket.responsible),
    joinedload(FollowUpTicket.received_by),
    joinedload(FollowUpTicket.call).selectinload(FollowUpCall.tickets),
    joinedload(FollowUpTicket.complaint),
    joinedload(FollowUpTicket.penalty),
    selectinload(FollowUpTicket.revisits).joinedload(Revisit.call),
)
"""Everything the pages name, in few questions to the database."""


def _reason(said: str) -> str:
    """As somebody wrote it; where the portal cancels a call, in the reader's language."""
    return _(said)


CALL_FIELDS: dict[str, Field] = {
    "stage": term(N_("Stage", "follow-up"), CallStage),
    "grade": term(N_("Grade"), CustomerGrade),
    "expected_on": Field(N_("Window expected from")),
    "window_from": Field(N_("Window from", "follow-up")),
    "due_on": Field(N_("Window until", "follow-up")),
    "again_until": Field(N_("Taken up again until")),
    "next_at": Field(C["next_at"]),
    "owner_id": link(N_("Who calls"), User),
    "called_at": Field(C["called_at"]),
    "caller_id": link(N_("Called by", "follow-up"), User),
    "manner": term(C["manner"], Manner),
    "answered_by": term(C["answered_by"], AnsweredBy),
    "overall": term(C["overall"], Overall),
    "is_effective": Field(N_("Effective (5.2)")),
    "is_late": Field(N_("Made late")),
    "customer_words": Field(C["customer_words"]),
    "visit_allowed_at": Field(N_("Visit in place of the call allowed at")),
    "reason": Field(C["reason"], _reason),
    "remarks": Field(N_("Remarks")),
}
CALL_GROUPS = (
    (N_("When", "follow-up"), ("stage", "grade", "expected_on", "window_from", "due_on", "again_until", "next_at", "owner_id", "visit_allowed_at", "reason")),
    (N_("The talk"), ("called_at", "caller_id", "manner", "answered_by", "overall", "is_effective", "is_late", "customer_words", "remarks")),
)  # fmt: skip
CALL_ONLY_IF = frozenset(
    {"again_until", "next_at", "visit_allowed_at", "reason", "is_late", "remarks", "called_at", "caller_id", "manner",
     "answered_by", "overall", "customer_words", "expected_on"}
)  # fmt: skip

TICKET_FIELDS: dict[str, Field] = {
    "problem": Field(T["problem"]),
    "material": Field(T["material"]),
    "department": term(T["department"], Department),
    "responsible_id": link(T["responsible"], Party),
    "owner_id": link(N_("Owner", "record"), User),
    "handed_over_at": Field(N_("Handed over at", "liaison slip")),
    "limit_at": Field(T["limit_at"]),
    "missed_count": Field(N_("Limits missed"), str),
    "round_no": Field(N_("Round"), str),
    "received_at": Field(T["received_at"]),
    "received_by_id": link(T["received_by"], Party),
    "measure": Field(T["measure"]),
    "done_at": Field(T["done_at"]),
    "revisit_due_at": Field(N_("Ask again until")),
    "revisit_at": Field(T["revisit_at"]),
    "revisit_result": Field(T["revisit_result"]),
    "is_solved": Field(T["is_solved"]),
    "remarks": Field(N_("Remarks")),
}
TICKET_GROUPS = (
    (N_("Problem", "liaison slip"), ("problem", "material", "department", "responsible_id", "handed_over_at", "limit_at", "missed_count", "round_no")),
    (N_("What was done"), ("received_at", "received_by_id", "measure", "done_at", "revisit_due_at", "revisit_at", "is_solved", "revisit_result", "owner_id", "remarks")),
)  # fmt: skip
TICKET_ONLY_IF = frozenset(
    {"material", "responsible_id", "missed_count", "received_at", "received_by_id", "measure", "done_at", "revisit_due_at",
     "revisit_at", "revisit_result", "remarks"}
)  # fmt: skip


@blueprint.get(CALL_PATH)
@requires(P.FOLLOW_UP_VIEW)
def follow_up_call(number: str) -> ResponseReturnValue:
    """A call: its window, the talk with every answer, its slips. A look by leave is noted (R-20)."""
    call = find_or_404(FollowUpCall, number, CALL_NAMED)
    if access.leave_of(session(), call, g.user, at=clock.now()) is not None:
        with transaction() as writing:
            access.looked(writing, find_or_404(FollowUpCall, number), g.user, at=clock.now())
        call = find_or_404(FollowUpCall, number, CALL_NAMED)
    meta = [(call.customer.name, editing.path(call.customer))]
    if call.project is not None:
        meta += [(call.project.number, editing.path(call.project)), (call.project.property.address, "")]
    if call.repair is not None:
        meta.append((call.repair.number, editing.path(call.repair)))
    return showing.show(
        call,
        f"{call.customer.name} · {CallStage.show(call.stage)}",
        CALL_FIELDS,
        _shown(call, CALL_GROUPS, CALL_ONLY_IF),
        meta=meta,
        smart=_calls_of(call),
        actions=_call_actions(call),
        tables=[_answers(call), _slips(call), _attempts(call)],
        household_url=f"{editing.path(call.customer)}/household",
    )


@blueprint.route(f"{CALL_PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.FOLLOW_UP_VIEW)
def follow_up_call_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a call: its form, and carrying it out."""
    return CALL_STEPS.show(number, action)


@blueprint.get(TICKET_PATH)
@requires(P.FOLLOW_UP_VIEW)
def follow_up_ticket(number: str) -> ResponseReturnValue:
    """A liaison slip: the problem, who answers for it, what was done, what the customer says now."""
    slip = find_or_404(FollowUpTicket, number, TICKET_NAMED)
    links: list[tuple[str, str]] = [(slip.customer.name, editing.path(slip.customer))]
    again = (each.call for each in slip.revisits)
    for record in (slip.project, slip.call, slip.survey, *again, slip.complaint, slip.penalty):
        if record is not None:
            links.append((record.number, editing.path(record)))
    return showing.show(
        slip,
        f"{slip.customer.name} · {slip.problem[:40]}",
        TICKET_FIELDS,
        _shown(slip, TICKET_GROUPS, TICKET_ONLY_IF),
        meta=links,
        actions=_call_actions(slip.revisit_call),
        household_url=f"{editing.path(slip.customer)}/household",
        repeats=[] if slip.settled_at else repeats.of_record(session(), g.user, slip),
    )


@blueprint.route(f"{TICKET_PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.FOLLOW_UP_VIEW)
def follow_up_ticket_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a liaison slip: its form, and carrying it out."""
    return TICKET_STEPS.show(number, action)


@blueprint.route("/projects/<number>/call-access", methods=["GET", "POST"])
@requires(P.FOLLOW_UP_ACCESS)
def call_access(number: str) -> ResponseReturnValue:
    """Ask to read the call records of a project that one does not handle (R-20)."""
    project = get_or_404(projects.visible_to(g.user), Project.number == number)
    form = AccessForm()
    form.prepare(g.user, session())
    if form.is_submitted() and form.validate():
        try:
            with transaction() as writing:
                party = writing.get(Party, form.party.data) if form.party.data else None
                fresh = get_or_404(projects.visible_to(g.user), Project.number == number)
                command = access.AskAccess(form.purpose.data, party)
                access.ask(writing, fresh, command, actor=g.user, at=clock.now())
            flash(_("The manager is asked. You are told as soon as it is decided."), "done")
            return see_other(editing.path(project))
        except Invalid as refusal:
            form.take(refusal)
    known = access.own(session(), project, g.user)
    return page(
        "records/follow_up/access.html",
        fragment="form",
        status=form.status,
        form=form,
        project=project,
        path=editing.path(project),
        known=known,
        known_state=AccessState.show(known.state) if known is not None else "",
    )


# ---------- Parts ----------


def _shown(record: Any, groups: Any, only_if: frozenset[str]) -> tuple[Any, ...]:
    return tuple(
        (heading, tuple(name for name in names if name not in only_if or getattr(record, name)))
        for heading, names in groups
    )


def _calls_of(call: FollowUpCall) -> list[dict[str, Any]]:
    if call.project is None:
        url, label = f"/records/follow-up-calls?filter=customer.{call.customer_id}", _("Calls of the customer")
    else:
        url, label = f"/records/follow-up-calls?filter=project.{call.project_id}", _("Calls of the project")
    return [{"url": url, "icon": "phone", "count": "", "label": label}]


def _call_actions(call: FollowUpCall | None) -> list[dict[str, Any]]:
    if call is None or not may(g.user, P.FOLLOW_UP_WORK) or call.window_from is None:
        return []
    if call.state in call_rules.WAITING:
        url = f"/specialist/calls/{call.number}"
        return [{"label": _("Call now"), "url": url, "primary": True, "icon": "phone", "key": "c"}]
    return []


def _answers(call: FollowUpCall) -> showing.Table:
    items = {item["code"]: item for item in call.script.items} if call.script is not None else {}
    rows = []
    for answer in call.answers:
        item = items.get(answer.item_code, {"question": answer.item_code, "kind": ItemKind.TEXT})
        led = leads_to(item, answer.value, answer.score)
        said = _said(item["kind"], answer.value, answer.score)
        rows.append([item["question"], said, answer.comment or "", str(led.label) if led is not None else ""])
    head = [
        (_("Question"), "cell-title"),
        (_p("follow-up", "Answer"), ""),
        (_("Comment"), "fill"),
        (_("Leads to"), "cell-foot"),
    ]
    edition = call.script.edition if call.script is not None else None
    title = _("Answers (script, edition %(edition)s)", edition=edition) if edition else _("Answers")
    return showing.Table(title, head, rows, _("Nothing was asked yet."))


def _said(kind: str, value: str | None, score: int | None) -> str:
    if score is not None:
        return str(score)
    if kind == ItemKind.YES_NO:
        return {"YES": _("Yes"), "NO": _("No")}.get(value or "", formatting.DASH)
    return value or formatting.DASH


def _slips(call: FollowUpCall) -> showing.Table:
    labels = {state.code: str(state.label) for state in ticket_rules.PROCESS.states}
    rows = [
        [
            (slip.number, editing.path(slip)),
            slip.problem,
            Department.show(slip.department),
            formatting.stamp(slip.limit_at),
            labels[slip.state],
        ]
        for slip in call.slips
    ]
    head = [
        (_("Number"), "cell-title"), (str(T["problem"]), "fill"), (str(T["department"]), ""),
        (str(T["limit_at"]), "num"), (_("State"), "cell-foot"),
    ]  # fmt: skip
    return showing.Table(_("Liaison slips"), head, rows, _("No problem was noted."))


def _attempts(call: FollowUpCall) -> showing.Table:
    rows = [
        [
            formatting.stamp(each.at),
            AttemptOutcome.show(each.outcome),
            each.by.name if each.by is not None else formatting.DASH,
            formatting.stamp(each.next_at) if each.next_at else formatting.DASH,
            each.reason or "",
        ]
        for each in call.attempts
    ]
    head = [
        (str(C["tried_at"]), "cell-title"), (str(C["outcome"]), ""), (_p("follow-up", "Called by"), ""), (str(C["next_at"]), "num"),
        (str(C["reason"]), "cell-foot"),
    ]  # fmt: skip
    return showing.Table(_p("follow-up", "Tries"), head, rows, _("Nobody has called yet."))


def _find_call(number: str) -> FollowUpCall:
    return find_or_404(FollowUpCall, number)


def _find_ticket(number: str) -> FollowUpTicket:
    return find_or_404(FollowUpTicket, number)


CALL_STEPS = StepPages(
    find=_find_call,
    forms=CALL_FORMS,
    kinds=N_("Follow-up calls"),
    heading=lambda call: (call.customer.name, CallStage.show(call.stage)),
    shows_waiting_clocks=False,
)
TICKET_STEPS = StepPages(
    find=_find_ticket,
    forms=TICKET_FORMS,
    kinds=N_("Liaison slips"),
    heading=lambda slip: (slip.customer.name, slip.problem[:40]),
    shows_waiting_clocks=False,
)
for _steps, _forms in ((call_rules.PROCESS, CALL_FORMS), (ticket_rules.PROCESS, TICKET_FORMS)):
    assert {str(step.action) for step in _steps.transitions if step.sources and not step.automatic} == set(_forms)
