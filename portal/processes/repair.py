"""P14 Repair, from the request to the closed file. Source: domain.md 4.14, DL-22, DL-23, R-16…R-18."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from enum import StrEnum

from portal.i18n import N_, Text
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition, WayBack
from portal.processes.conditions import AtMost, Condition, Every, Fixed, Has, Is, Not, Says, Some, SumOf, Total
from portal.terms import Term

CONTEXT = "repair"


class State(StrEnum):
    """Where a repair stands."""

    REPORTED = "REPORTED"
    CHECKED = "CHECKED"
    ASSIGNED = "ASSIGNED"
    ON_SITE = "ON_SITE"
    QUOTED = "QUOTED"
    REPAIRING = "REPAIRING"
    DONE = "DONE"
    SIGNED_OFF = "SIGNED_OFF"
    CLOSED = "CLOSED"
    DECLINED = "DECLINED"
    COMPLAINT = "COMPLAINT"


class Action(StrEnum):
    """What can be done with a repair."""

    REPORT = "report"
    CHECK = "check"
    ASSIGN = "assign"
    TAKE_OVER = "take-over"
    REACH = "reach"
    ARRIVE = "arrive"
    QUOTE = "quote"
    ACCEPT = "accept"
    DECLINE = "decline"
    START = "start"
    EXTEND = "extend"
    FINISH = "finish"
    SIGN_OFF = "sign-off"
    REJECT = "reject"
    CALLED = "called"
    CLOSE = "close"
    REWORK = "rework"
    COMPLAIN = "complain"
    ESCALATED = "escalated"


class Trade(Term):
    """What is to be repaired; the trades of the warranty, and what no term covers."""

    BASIC = "BASIC", "Basic works"
    WATER_ELECTRIC = "WATER_ELECTRIC", "Water and electricity"
    WATERPROOF = "WATERPROOF", "Waterproofing"
    WOODWORK = "WOODWORK", "Custom woodwork"
    HARDWARE = "HARDWARE", "Hardware and switches"
    PAINT = "PAINT", "Paint and walls"
    OTHER = "OTHER", "Other"


class Urgency(Term):
    """URGENT: water, power or gas is not safe."""

    NORMAL = "NORMAL", "Normal"
    URGENT = "URGENT", "Urgent"


class InWarranty(Term):
    """What a person decided about the warranty, by trade and date."""

    YES = "YES", "In warranty"
    NO = "NO", "Out of warranty"
    EXCLUDED = "EXCLUDED", "Excluded from the warranty"


class CrewStatus(Term):
    """How the crew that built it stands to this repair."""

    ACTIVE = "ACTIVE", "Active"
    DEPARTED = "DEPARTED", "Departed"
    REPLACED_ON_REQUEST = "REPLACED_ON_REQUEST", "Replaced on the customer's request"


class Executor(Term):
    """Who carries a repair out."""

    RESPONSIBLE_CREW = "RESPONSIBLE_CREW", "The responsible crew"
    CAPTAIN_TEAM = "CAPTAIN_TEAM", "The captain's own team"


class Cause(Term):
    """Where the defect comes from."""

    CONSTRUCTION = "CONSTRUCTION", "Construction"
    MATERIAL = "MATERIAL", "Material of the company"
    DESIGN = "DESIGN", "Design"
    CUSTOMER_USE = "CUSTOMER_USE", "Wrong use"
    THIRD_PARTY = "THIRD_PARTY", "Third party"
    FORCE_MAJEURE = "FORCE_MAJEURE", "Force majeure"


class Ground(Term):
    """Why a repair becomes a complaint (4.14)."""

    LATE = "LATE", "Late"
    REFUSED = "REFUSED", "Refused"
    REPEATED = "REPEATED", "The same again"


class PhotoKind(Term):
    """What a photo of the visit shows."""

    BEFORE = "BEFORE", "Before the repair"
    DURING = "DURING", "During the repair"
    AFTER = "AFTER", "After the repair"
    OTHER = "OTHER", "Other photo"


class StandsFor(Term):
    """What a customer's signature stands for."""

    WORK = "WORK", "The finished work"
    QUOTE = "QUOTE", "The quote"


class PhotoRule(Term):
    """When a step needs a photo."""

    NEVER = "NEVER", "Never"
    ON_FAILURE = "ON_FAILURE", "When something is not in order"
    ALWAYS = "ALWAYS", "Always"


PHOTO_OF = {Action.ARRIVE: PhotoKind.BEFORE, Action.FINISH: PhotoKind.AFTER}
"""The steps that can need a photo, and which."""
CHECKED = (Action.ARRIVE, Action.FINISH, Action.SIGN_OFF)
"""The steps that have a checklist."""

OURS = frozenset({Cause.CONSTRUCTION, Cause.MATERIAL, Cause.DESIGN})

OPEN = frozenset(set(State) - {State.CLOSED, State.DECLINED, State.COMPLAINT})
"""Work is still ours."""


FREE_OF_CHARGE = Every((Is("in_warranty", (InWarranty.YES,)), Is("cause", tuple(sorted(OURS)))))
"""R-16: free in term when the fault is ours; anything else is quoted first and needs the customer's consent."""
CUSTOMER_SHARE = SumOf("costs", "amount", Is("bearer", ("CUSTOMER",)))
"""What of the cost the customer bears, in yuan."""
ACCEPTED_QUOTE = Total(("quote_material", "quote_labour"), only_if=Says("quote_accepted"))
"""What the customer agreed to pay, in yuan."""


def is_free(*, in_warranty: str | None, cause: str | None) -> bool:
    """Whether the customer pays nothing (R-16)."""
    return FREE_OF_CHARGE({"in_warranty": in_warranty, "cause": cause})


SHOWN = ("number", "address", "trade", "symptom", "cause", "plan", "work_done", "done_at", "rework_count")
"""What the customer reads before signing, beside the lines of the cost."""


QUOTE_SHOWN = ("number", "address", "trade", "symptom", "cause", "plan", "quote_material", "quote_labour")
"""What the customer reads before agreeing to a quote."""


def fingerprint(repair: base.Facts) -> str:
    """SHA-256 of what a signature stands for. Any later change of it gives another one, so the signature is void."""
    facts = [str(getattr(repair, name)) for name in SHOWN]
    costs = [
        [line.kind, line.what, f"{line.amount:.2f}", line.bearer, *([line.measure] if line.measure else [])]
        for line in repair.costs
    ]
    return _hash([facts, costs])


def quote_fingerprint(repair: base.Facts) -> str:
    """SHA-256 of what a signature under a quote stands for."""
    facts = [getattr(repair, name) for name in QUOTE_SHOWN]
    return _hash([f"{fact:.2f}" if isinstance(fact, Decimal) else str(fact) for fact in facts])


def _hash(facts: list[object]) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def is_signed(repair: base.Facts) -> bool:
    """Whether the customer signed what the repair says now."""
    present = fingerprint(repair)
    return any(signature.facts_hash == present for signature in repair.signatures)


def is_quote_signed(repair: base.Facts) -> bool:
    """Whether the customer signed the quote as it stands."""
    present = quote_fingerprint(repair)
    return any(signature.facts_hash == present for signature in repair.consents)


def checks_of(repair: base.Facts, action: str) -> list[base.Facts]:
    """The lines of a step's checklist in the present round; those of earlier rounds say how it was then."""
    return [line for line in repair.present_checks if line.step == action]


def unticked(repair: base.Facts, action: str) -> list[str]:
    """The lines of a step's checklist that must be in order and are not."""
    return [line.text for line in checks_of(repair, action) if line.is_required and line.ticked_at is None]


ARCHIVE = Guard(
    "archive",
    N_("the warranty certificate is found in the archive, or it is said that there is none"),
    lambda repair: repair.certificate_id is not None or bool(repair.has_no_certificate),
    needs_input=True,
)
CREW_FITS = Guard(
    "crew-fits",
    N_("the responsible crew works for us and the customer accepts it, or the captain's own team goes (P15)"),
    lambda repair: (
        repair.executor == Executor.CAPTAIN_TEAM
        or (repair.responsible_crew_id is not None and repair.crew_status == CrewStatus.ACTIVE)
    ),
    needs_input=True,
)
HAS_CAPTAIN = Guard(
    "captain",
    N_("a repair captain is named"),
    lambda repair: repair.captain_id is not None,
    needs_input=True,
)
IS_LATE = Guard(
    "late",
    N_("nobody was on site within the limit (DL-22)"),
    lambda repair: bool(repair.is_arrival_late),
)
NOT_TAKEN_OVER = Guard(
    "others-go",
    N_("another crew has the order"),
    lambda repair: repair.executor == Executor.RESPONSIBLE_CREW,
)
FREE = Guard("free", N_("it is free of charge: in warranty, and the fault is ours (R-16)"), FREE_OF_CHARGE)
CHARGEABLE = Guard("chargeable", N_("it is not free of charge (R-16)"), Not(FREE_OF_CHARGE))
CONSENT = Guard(
    "consent",
    N_("the customer signed the quote, or it is noted how the customer answered"),
    Some((Says("quote_note"), Says("is_quote_signed"))),
    needs_input=True,
)
SITE_CLEANED = Guard(
    "cleaned",
    N_("the place is cleaned (R-18)"),
    Says("site_cleaned"),
    needs_input=True,
)
COSTS_SAID = Guard(
    "costs",
    N_("the costs are noted, or that there are none"),
    Some((Says("costs"), Says("has_no_costs"))),
    needs_input=True,
)
WITHIN_QUOTE = Guard(
    "quote",
    N_("the customer bears no more than the quote that was accepted (R-16)"),
    AtMost(CUSTOMER_SHARE, ACCEPTED_QUOTE),
    needs_input=True,
)
SIGNED = Guard(
    "signed",
    N_("the customer signed what is written here now"),
    Says("is_signed"),
    needs_input=True,
)
NO_COSTS = Guard("no-costs", N_("no cost and no payment is noted yet"), Not(Some((Says("costs"), Says("payments")))))
NOT_SIGNED = Guard("not-signed", N_("the customer did not sign the quote"), Not(Says("is_quote_signed")))
NOT_REACHED = Guard("not-reached", N_("the arrival is not noted yet"), Not(Says("arrived_at")))


def _not_ticked(action: str, *, required: bool) -> Condition:
    """A line of the step's checklist is not in order: one that must be, or any."""
    is_open = (Is("step", (action,)), Not(Says("ticked_at")), *((Says("is_required"),) if required else ()))
    return Has("present_checks", Every(is_open))


def _photo(action: Action, code: str, label: Text) -> tuple[Guard, Guard]:
    """The photo that is always needed, and the one that what was entered asks for; missing, it is said once."""
    rule = f"photo_rules.{action}"
    is_there = Has("present_photos", Is("kind", (PHOTO_OF[action],)))
    has_failed: tuple[Condition, ...] = (_not_ticked(action, required=False),)
    if action == Action.FINISH:  # sent back by the customer, the work has failed once
        has_failed += (Not(AtMost(Total(("round_no",)), Fixed(1))),)
    is_asked = Every((Is(rule, (PhotoRule.ON_FAILURE,)), Some(has_failed)))
    always = Guard(code, label, Some((Not(Is(rule, (PhotoRule.ALWAYS,))), is_there)))
    return always, Guard(f"{code}-failed", label, Some((Not(is_asked), is_there)), needs_input=True)


def _ticked(action: Action) -> Guard:
    label = N_("what must be in order on the checklist is ticked")
    return Guard(f"ticked-{action}", label, Not(_not_ticked(action, required=True)), needs_input=True)


CALL_HELD = Guard(
    "call-held",
    N_("the call after the repair is held at the call desk, by its script"),
    lambda repair: repair.waiting_call is None,
)
SATISFIED = Guard(
    "satisfied",
    N_("the customer is satisfied in the call after the repair"),
    lambda repair: repair.follow_up_satisfied is True,
    needs_input=True,
)
PAID = Guard(
    "paid",
    N_("what the customer bears is paid"),
    lambda repair: repair.still_owed <= 0,
)

PROCESS = Process(
    code="P14",
    kind="repair-orders",
    title=N_("Repair"),
    purpose=N_("On site within hours, done once, signed by the customer, filed as the basis for rating the crew."),
    states=(
        base.State(State.REPORTED, N_("Reported", CONTEXT), N_("Registered.")),
        base.State(State.CHECKED, N_("Checked", CONTEXT), N_("Archive consulted; warranty and crew are known.")),
        base.State(State.ASSIGNED, N_("Assigned", CONTEXT), N_("Crew and captain are told.")),
        base.State(State.ON_SITE, N_("On site", CONTEXT), N_("Arrived, cause found, plan made.")),
        base.State(State.QUOTED, N_("Quoted", CONTEXT), N_("Chargeable: the customer decides."), main_line=False),
        base.State(State.REPAIRING, N_("Being repaired", CONTEXT), N_("The plan is agreed.")),
        base.State(State.DONE, N_("For the customer to accept", CONTEXT), N_("Finished and cleaned.")),
        base.State(State.SIGNED_OFF, N_("Signed off", CONTEXT), N_("The customer signed.")),
        base.State(State.CLOSED, N_("Closed", CONTEXT), N_("The call was satisfied; filed."), final=True),
        base.State(
            State.DECLINED,
            N_("Ended without repair", CONTEXT),
            N_("The customer gave up, or it is not the company's matter."),
            final=True,
            main_line=False,
        ),
        base.State(
            State.COMPLAINT, N_("Became a complaint", CONTEXT), N_("Goes on as P09."), final=True, main_line=False
        ),
    ),
    transitions=(
        Transition(
            Action.REPORT,
            N_("Register a repair"),
            frozenset(),
            State.REPORTED,
            Permission.REPAIR_CREATE,
            required=("reporter", "phone", "address", "trade", "symptom", "urgency", "reported_at"),
            happened_field="reported_at",
            notify=("owner",),
        ),
        Transition(
            Action.CHECK,
            N_("Check warranty and crew"),
            frozenset({State.REPORTED}),
            State.CHECKED,
            Permission.REPAIR_CHECK,
            required=("in_warranty", "warranty_reason", "crew_status", "basis_told"),
            optional=("responsible_crew", "certificate", "has_no_certificate"),
            guards=(ARCHIVE,),
        ),
        Transition(
            Action.ASSIGN,
            N_("Assign, crew told"),
            frozenset({State.CHECKED}),
            State.ASSIGNED,
            Permission.REPAIR_CHECK,
            required=("captain", "executor", "told_at"),
            optional=("appointment_at",),
            guards=(HAS_CAPTAIN, CREW_FITS),
            happened_field="told_at",
            notify=("captain",),
            source_note="DL-22",
            way_back=WayBack((NOT_REACHED,)),
        ),
        Transition(
            Action.REACH,
            N_("I have arrived"),
            frozenset({State.ASSIGNED}),
            State.ASSIGNED,
            Permission.REPAIR_WORK,
            required=("arrived_at",),
            guards=(NOT_REACHED,),
            happened_field="arrived_at",
            primary=False,
            source_note="DL-22",
        ),
        Transition(
            Action.ARRIVE,
            N_("On site: cause and plan"),
            frozenset({State.ASSIGNED}),
            State.ON_SITE,
            Permission.REPAIR_WORK,
            required=("arrived_at", "cause", "plan", "planned_done_at", "plan_made_at"),
            optional=("is_plan_told",),
            guards=(
                *_photo(Action.ARRIVE, "photo-before", N_("a photo from before the repair")),
                _ticked(Action.ARRIVE),
            ),
            happened_field="plan_made_at",
            source_note="DL-22",
        ),
        Transition(
            Action.TAKE_OVER,
            N_("Take over with own team"),
            frozenset({State.ASSIGNED}),
            State.ASSIGNED,
            Permission.REPAIR_WORK,
            required=("reason",),
            guards=(NOT_TAKEN_OVER, IS_LATE),
            notify=("managers", "owner"),
            primary=False,
            source_note="DL-22",
        ),
        Transition(
            Action.START,
            N_("Begin the repair"),
            frozenset({State.ON_SITE}),
            State.REPAIRING,
            Permission.REPAIR_WORK,
            guards=(FREE,),
            source_note="R-16",
            way_back=WayBack((NO_COSTS,)),
        ),
        Transition(
            Action.QUOTE,
            N_("Quote"),
            frozenset({State.ON_SITE}),
            State.QUOTED,
            Permission.REPAIR_WORK,
            required=("quote_material", "quote_labour"),
            guards=(CHARGEABLE,),
            source_note="R-16",
        ),
        Transition(
            Action.ACCEPT,
            N_("The customer accepts the quote"),
            frozenset({State.QUOTED}),
            State.REPAIRING,
            Permission.REPAIR_ANSWER,
            required=("quote_answered_at",),
            optional=("quote_note",),
            guards=(CONSENT,),
            happened_field="quote_answered_at",
            way_back=WayBack((NO_COSTS, NOT_SIGNED)),
        ),
        Transition(
            Action.DECLINE,
            N_("The customer declines the quote"),
            frozenset({State.QUOTED}),
            State.DECLINED,
            Permission.REPAIR_ANSWER,
            required=("quote_answered_at", "quote_note"),
            happened_field="quote_answered_at",
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.EXTEND,
            N_("New problem found: add to the plan"),
            frozenset({State.REPAIRING}),
            State.REPAIRING,
            Permission.REPAIR_WORK,
            required=("new_problem", "planned_done_at"),
            optional=("quote_material", "quote_labour", "quote_note"),
            primary=False,
        ),
        Transition(
            Action.FINISH,
            N_("Repair is done"),
            frozenset({State.REPAIRING}),
            State.DONE,
            Permission.REPAIR_WORK,
            required=("work_done", "done_at", "site_cleaned"),
            optional=("has_no_costs",),
            guards=(
                SITE_CLEANED,
                COSTS_SAID,
                WITHIN_QUOTE,
                *_photo(
                    Action.FINISH,
                    "photo-after",
                    N_("a photo from after the repair (sent back by the customer: a new one)"),
                ),
                _ticked(Action.FINISH),
            ),
            happened_field="done_at",
            source_note="R-18",
        ),
        Transition(
            Action.SIGN_OFF,
            N_("The customer signs"),
            frozenset({State.DONE}),
            State.SIGNED_OFF,
            Permission.REPAIR_WORK,
            required=("signed_at", "signed_by"),
            optional=("rating",),
            guards=(SIGNED, _ticked(Action.SIGN_OFF)),
            happened_field="signed_at",
            notify=("owner",),
        ),
        Transition(
            Action.REJECT,
            N_("The customer is not content"),
            frozenset({State.DONE}),
            State.REPAIRING,
            Permission.REPAIR_WORK,
            required=("defects",),
            primary=False,
        ),
        Transition(
            Action.CALLED,
            N_("Called after the repair"),
            frozenset({State.SIGNED_OFF}),
            State.SIGNED_OFF,
            Permission.REPAIR_CLOSE,
            required=("follow_up_at", "follow_up_satisfied"),
            optional=("follow_up_note",),
            happened_field="follow_up_at",
            automatic=True,
            source_note="DL-23",
        ),
        Transition(
            Action.CLOSE,
            N_("Close after the call", CONTEXT),
            frozenset({State.SIGNED_OFF}),
            State.CLOSED,
            Permission.REPAIR_CLOSE,
            required=("follow_up_at", "follow_up_satisfied"),
            optional=("follow_up_note",),
            guards=(CALL_HELD, PAID, SATISFIED),
            happened_field="follow_up_at",
            notify=("captain",),
            source_note="DL-23, R-17",
        ),
        Transition(
            Action.REWORK,
            N_("Not satisfied: repair again"),
            frozenset({State.SIGNED_OFF}),
            State.REPAIRING,
            Permission.REPAIR_CLOSE,
            required=("follow_up_at", "follow_up_note"),
            guards=(CALL_HELD,),
            happened_field="follow_up_at",
            notify=("captain", "managers"),
            primary=False,
            source_note="DL-23",
        ),
        Transition(
            Action.COMPLAIN,
            N_("Make it a complaint"),
            OPEN,
            State.COMPLAINT,
            Permission.REPAIR_CLOSE,
            required=("ground", "why_complaint", "demand"),
            notify=("captain", "managers"),
            primary=False,
        ),
        Transition(
            Action.ESCALATED,
            N_("A liaison slip of the call became a complaint"),
            frozenset({State.SIGNED_OFF}),
            State.COMPLAINT,
            Permission.REPAIR_CLOSE,
            automatic=True,
            notify=("captain",),
            primary=False,
            source_note="5.6",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-22",
            N_("Crew on site, repair plan made"),
            starts=frozenset({State.ASSIGNED}),
            starts_on=frozenset({Action.ASSIGN}),
            met_by=frozenset({State.ON_SITE}),
            cancelled_by=frozenset({State.COMPLAINT}),
            setting="repair_arrive_hours",
            start_field="told_at",
            cap_field="urgent_from",
            cap_setting="repair_urgent_hours",
            cap_switch="repair_urgent_clock",
            responsible="captain",
        ),
        Deadline(
            "DL-23",
            N_("Call the customer after the repair"),
            starts=frozenset({State.SIGNED_OFF}),
            starts_on=frozenset({Action.SIGN_OFF}),
            met_on=frozenset({Action.CALLED}),
            met_by=frozenset({State.CLOSED, State.REPAIRING}),
            cancelled_by=frozenset({State.COMPLAINT}),
            setting="repair_call_days",
            start_field="signed_at",
        ),
    ),
    field_labels={
        "reporter": N_("Reported by"),
        "phone": N_("Phone"),
        "address": N_("Address"),
        "trade": N_("What is to be repaired"),
        "material": N_("Material", "case"),
        "symptom": N_("Symptom"),
        "urgency": N_("Urgency"),
        "reported_at": N_("Reported at"),
        "in_warranty": N_("In warranty?"),
        "warranty_reason": N_("Why so"),
        "responsible_crew": N_("Responsible crew"),
        "crew_status": N_("Status of the crew"),
        "certificate": N_("Warranty certificate"),
        "has_no_certificate": N_("There is no certificate"),
        "basis_told": N_("What the customer was told about the cost"),
        "captain": N_("Repair captain"),
        "executor": N_("Carried out by"),
        "told_at": N_("Crew told at"),
        "appointment_at": N_("Visit agreed for"),
        "arrived_at": N_("Arrived at"),
        "cause": N_("Cause of the defect"),
        "plan": N_("Repair plan"),
        "plan_made_at": N_("Plan made at"),
        "planned_done_at": N_("Planned to be done by"),
        "is_plan_told": N_("The customer was told the method and the date"),
        "new_problem": N_("What was found and how it will be repaired"),
        "reason": N_("Reason"),
        "quote_material": N_("Quote: material (yuan)"),
        "quote_labour": N_("Quote: labour (yuan)"),
        "quote_answered_at": N_("Answered at"),
        "quote_note": N_("How the customer answered"),
        "work_done": N_("Work done"),
        "done_at": N_("Done at"),
        "site_cleaned": N_("The place is cleaned"),
        "has_no_costs": N_("There are no costs"),
        "signed_at": N_("Signed at"),
        "signed_by": N_("Signed by"),
        "rating": N_("The customer's rating"),
        "defects": N_("What is not in order"),
        "follow_up_at": N_("Follow-up call at"),
        "follow_up_satisfied": N_("Is the customer satisfied?"),
        "follow_up_note": N_("What the customer said"),
        "ground": N_("Ground", "complaint"),
        "why_complaint": N_("Why it becomes a complaint"),
        "demand": N_("What the customer demands"),
    },
    forms=("F-20", "F-21"),
)
