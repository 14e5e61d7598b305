"""P11 Pre-acceptance: the department inspects before the customer does. Source: domain.md 3.13, 4.11, R-14, R-15, DL-17 to DL-19."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.conditions import AtMost, Every, Given, Is, Not, Same, Says, Some, Total
from portal.terms import Term

CONTEXT = "pre-acceptance"


class State(StrEnum):
    """Where a pre-acceptance stands."""

    LISTED = "LISTED"
    SCHEDULED = "SCHEDULED"
    RECTIFYING_1 = "RECTIFYING_1"
    RECTIFYING_2 = "RECTIFYING_2"
    FAILED_3 = "FAILED_3"
    PASSED = "PASSED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done with a pre-acceptance."""

    LIST = "list"
    ADMIT = "admit"
    SCHEDULE = "schedule"
    MOVE = "move"
    PASS = "pass"
    FAIL = "fail"
    FAIL_LAST = "fail-last"
    NOT_HELD = "not-held"
    EXCUSE = "excuse"
    COUNT = "count"
    COUNT_LAST = "count-last"
    RESTART = "restart"
    WITHDRAW = "withdraw"


class CheckTrade(Term):
    """What a line of the inspection is about; a project that does not have it is not asked."""

    WATER = "WATER", "Water"
    WATERPROOF = "WATERPROOF", "Waterproofing"
    ELECTRIC = "ELECTRIC", "Electricity"
    TILES = "TILES", "Tiles"
    PLASTER = "PLASTER", "Plaster and putty"
    CEILING = "CEILING", "Ceiling"
    CARPENTRY = "CARPENTRY", "Carpentry"
    PAINT = "PAINT", "Paint"
    INSTALLATION = "INSTALLATION", "Installation"
    CONFORMITY = "CONFORMITY", "Conformity"
    CLEANING = "CLEANING", "Cleaning"
    PAPERS = "PAPERS", "Papers"


ALWAYS_ASKED = frozenset({CheckTrade.CONFORMITY, CheckTrade.CLEANING, CheckTrade.PAPERS})
"""No trade of the works: every project has it."""


class ItemResult(Term):
    """What an inspection found of a line."""

    PASS = "PASS", "In order"
    FAIL = "FAIL", "Not in order"
    NOT_APPLICABLE = "NOT_APPLICABLE", "Does not apply"


class Result(Term):
    """How an inspection ended."""

    PASS = "PASS", "Passed"
    FAIL = "FAIL", "Failed"
    NOT_HELD = "NOT_HELD", "Not held"


class PhotoNeed(Term):
    """When a line needs a photo."""

    NEVER = "NEVER", "Never"
    ON_FAILURE = "ON_FAILURE", "When it is not in order"
    ALWAYS = "ALWAYS", "Always"


class Absent(Term):
    """Who was not there at the appointed time."""

    PROJECT_MANAGER = "PROJECT_MANAGER", "Project manager"
    FOREMAN = "FOREMAN", "Foreman"
    BOTH = "BOTH", "Project manager and foreman"


class NoticeState(Term):
    """Where a rectification notice stands. That the foreman says it is done closes nothing."""

    OPEN = "OPEN", "To be rectified"
    REPORTED = "REPORTED", "Said to be done"
    CLOSED = "CLOSED", "Found in order"
    FAILED = "FAILED", "Found not in order"


RECTIFYING = frozenset({State.RECTIFYING_1, State.RECTIFYING_2})
INSPECTED_FROM = frozenset({State.SCHEDULED, *RECTIFYING})
"""An inspection can be held."""
OPEN = frozenset({State.LISTED, *INSPECTED_FROM, State.FAILED_3})
"""Something is still to be done; a project has one such pre-acceptance at most."""


MEASURED = Total(("measured",))
IS_OUT = Some(
    (
        Every((Given("low"), Not(AtMost(Total(("low",)), MEASURED)))),
        Every((Given("high"), Not(AtMost(MEASURED, Total(("high",)))))),
    )
)
"""A measured value lies outside its tolerance; the limits themselves are within."""
IS_OPEN_MUST = Every((Says("is_must"), Is("result", (ItemResult.FAIL,))))
"""A line that must be in order and is not: one of them fails the inspection (3.13)."""
IS_ASKED = Some((Not(Given("asked_if_result")), Same("asked_if.result", "asked_if_result")))
"""A line is asked: always, or because another came out as it has to."""
LACKS_PHOTO = Every(
    (
        Some((Is("photo_rule", (PhotoNeed.ALWAYS,)), Is("result", (ItemResult.FAIL,)))),
        Not(Is("photo_rule", (PhotoNeed.NEVER,))),
        Is("result", (ItemResult.PASS, ItemResult.FAIL)),
        Not(Says("photos")),
    )
)
"""The photo that a line asks for is still missing."""
SIGNERS = ("manager", "foreman")
"""Who signs F-09 and F-10 beside the inspector."""


def judge(measured: Decimal, low: Decimal | None, high: Decimal | None) -> ItemResult:
    """Whether a measured value lies within its tolerance."""
    return ItemResult.FAIL if IS_OUT({"measured": measured, "low": low, "high": high}) else ItemResult.PASS


def result_of(items: Iterable[base.Facts], *, is_rectified: bool = True) -> Result:
    """How an inspection ends: one open must-pass line fails it, and so does a rectification that was missed."""
    return Result.FAIL if not is_rectified or any(map(IS_OPEN_MUST, items)) else Result.PASS


def unsigned(inspection: base.Facts) -> list[str]:
    """Those of SIGNERS who have not signed, without a word on why: no failed inspection ends, and no F-10 is issued, so (3.13)."""
    return [
        who for who in SIGNERS if not getattr(inspection, f"{who}_signed") and not getattr(inspection, f"{who}_refusal")
    ]


def was_missed(limit_on: date, done_on: date | None) -> bool:
    """Whether a rectification was missed (DL-19): the foreman did not say until the end of the day of its limit that it is done."""
    return done_on is None or done_on > limit_on


def is_same_person(user: base.Facts, party: base.Facts) -> bool:
    """Whether somebody with a login is this party: parties have none, so telephone and name say it.

    Where both telephones are known they decide, because namesakes are common.
    """
    if user is None or party is None:
        return False
    if user.phone and party.phone:
        return bool(user.phone == party.phone)
    return bool(user.name == party.name)


def _inspector_is_apart(record: base.Facts) -> bool:
    held = record.inspection
    return held is None or not any(
        is_same_person(held.inspector, party) for party in (record.foreman, record.project_manager, record.supervisor)
    )


AT_WORK = Guard("at-work", N_("the project is under construction"), lambda record: record.is_project_at_work)
IS_LATE = Guard(
    "is-late",
    N_("it came after the list was closed and is not admitted yet (DL-17)"),
    lambda record: bool(record.is_late) and record.admitted_at is None,
)
IN_ITS_WEEK = Guard(
    "in-its-week",
    N_(
        "the date lies in the week of the list or after it; a late entry waits a week unless the manager admits it (DL-17)"
    ),
    lambda record: record.scheduled_at is not None and record.scheduled_on >= record.earliest_on,
    needs_input=True,
)
PRESENT = Guard(
    "present",
    N_("project manager and foreman were there"),
    lambda record: record.inspection is not None and record.inspection.both_present,
    needs_input=True,
)
COMPLETE = Guard(
    "complete",
    N_("every line is judged and has the photo it asks for"),
    lambda record: (
        record.inspection is not None
        and all(item.result is not None and not LACKS_PHOTO(item) for item in record.inspection.items)
    ),
    needs_input=True,
)
NO_OPEN_MUST = Guard(
    "no-open-must",
    N_("no line that must be in order is open"),
    lambda record: record.inspection is not None and record.inspection.verdict == Result.PASS,
    needs_input=True,
)
OPEN_MUST = Guard(
    "open-must",
    N_("a line that must be in order is open, or the rectification was missed"),
    lambda record: record.inspection is not None and record.inspection.verdict == Result.FAIL,
    needs_input=True,
)
SIGNED = Guard(
    "signed",
    N_("project manager and foreman have signed, or it is written down why one refuses to"),
    lambda record: record.inspection is not None and not unsigned(record.inspection),
    needs_input=True,
)
INSPECTOR_APART = Guard(
    "inspector-apart",
    N_("the inspector is none of those who did the work"),
    _inspector_is_apart,
    needs_input=True,
)
NOT_WAITING = Guard(
    "not-waiting",
    N_("no inspection that could not be held waits for the manager"),
    lambda record: record.absent is None,
)
WAITING = Guard(
    "waiting",
    N_("an inspection could not be held because somebody was absent"),
    lambda record: record.absent is not None,
)
MORE_ROUNDS = Guard(
    "more-rounds", N_("it is not the last inspection"), lambda record: record.round_no < record.fail_limit
)
LAST_ROUND = Guard("last-round", N_("it is the last inspection"), lambda record: record.round_no >= record.fail_limit)
RECHECK_AFTER = Guard(
    "recheck-after",
    N_("the re-inspection is agreed for after the inspection and not before the limit of the rectification"),
    lambda record: record.is_recheck_in_order,
    needs_input=True,
)
NEW_FOREMAN = Guard(
    "new-foreman",
    N_("engineering has named another foreman, who may take orders"),
    lambda record: (
        record.foreman is not None
        and record.foreman_id != record.replaced_foreman_id
        and record.foreman.status == "ACTIVE"
    ),
    needs_input=True,
)

HELD = (NOT_WAITING, PRESENT, COMPLETE, INSPECTOR_APART)
"""What makes an inspection count."""
NOTICE = ("inspected_at", "requirement", "limit_on", "recheck_at")
"""What F-10 says beside the lines."""

PROCESS = Process(
    code="P11",
    kind="pre-acceptances",
    title=N_("Pre-acceptance"),
    purpose=N_(
        "No customer sees a defect first: the department inspects, and what is not in order is rectified in time."
    ),
    states=(
        base.State(State.LISTED, N_("Listed", CONTEXT), N_("On engineering's list of the week.")),
        base.State(State.SCHEDULED, N_("Scheduled", CONTEXT), N_("Project manager and foreman know the date.")),
        base.State(
            State.RECTIFYING_1, N_("First rectification", CONTEXT), N_("The first inspection failed."), main_line=False
        ),
        base.State(
            State.RECTIFYING_2,
            N_("Second rectification", CONTEXT),
            N_("The second inspection failed."),
            main_line=False,
        ),
        base.State(
            State.FAILED_3,
            N_("Failed three times", CONTEXT),
            N_("The last inspection failed: penalties, another foreman."),
            main_line=False,
        ),
        base.State(State.PASSED, N_("Passed", CONTEXT), N_("May go to completion acceptance."), final=True),
        base.State(State.WITHDRAWN, N_("Withdrawn", CONTEXT), N_("Taken off the list."), final=True, main_line=False),
    ),
    transitions=(
        Transition(
            Action.LIST,
            N_("List for pre-acceptance"),
            frozenset(),
            State.LISTED,
            Permission.PREACCEPT_LIST,
            required=("week_from", "project_manager", "foreman", "listed_at"),
            optional=("supervisor", "remarks"),
            guards=(AT_WORK,),
            happened_field="listed_at",
            on_behalf=True,
            source_note="DL-17",
        ),
        Transition(
            Action.ADMIT,
            N_("Admit the late entry"),
            frozenset({State.LISTED}),
            State.LISTED,
            Permission.PREACCEPT_DECIDE,
            required=("reason",),
            guards=(IS_LATE,),
            notify=("inspectors",),
            primary=False,
            source_note="DL-17",
        ),
        Transition(
            Action.SCHEDULE,
            N_("Publish the date"),
            frozenset({State.LISTED}),
            State.SCHEDULED,
            Permission.PREACCEPT_WORK,
            required=("scheduled_at",),
            guards=(AT_WORK, IN_ITS_WEEK),
            notify=("owner",),
            source_note="DL-18",
        ),
        Transition(
            Action.MOVE,
            N_("Move the inspection"),
            frozenset({State.SCHEDULED}),
            State.SCHEDULED,
            Permission.PREACCEPT_WORK,
            required=("scheduled_at", "reason"),
            guards=(NOT_WAITING, IN_ITS_WEEK),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.PASS,
            N_("Inspection passed"),
            INSPECTED_FROM,
            State.PASSED,
            Permission.PREACCEPT_WORK,
            required=("inspected_at",),
            guards=(*HELD, NO_OPEN_MUST),
            happened_field="inspected_at",
            notify=("owner",),
            automatic=True,
            source_note="DL-19",
        ),
        Transition(
            Action.FAIL,
            N_("Inspection failed"),
            frozenset({State.SCHEDULED}),
            State.RECTIFYING_1,
            Permission.PREACCEPT_WORK,
            required=NOTICE,
            guards=(*HELD, OPEN_MUST, MORE_ROUNDS, RECHECK_AFTER, SIGNED),
            happened_field="inspected_at",
            notify=("owner",),
            automatic=True,
            source_note="R-15, DL-19",
        ),
        Transition(
            Action.FAIL,
            N_("Inspection failed"),
            frozenset({State.RECTIFYING_1}),
            State.RECTIFYING_2,
            Permission.PREACCEPT_WORK,
            required=NOTICE,
            guards=(*HELD, OPEN_MUST, MORE_ROUNDS, RECHECK_AFTER, SIGNED),
            happened_field="inspected_at",
            notify=("owner",),
            automatic=True,
            source_note="R-15, DL-19",
        ),
        Transition(
            Action.FAIL_LAST,
            N_("Last inspection failed"),
            INSPECTED_FROM,
            State.FAILED_3,
            Permission.PREACCEPT_WORK,
            required=("inspected_at",),
            guards=(*HELD, OPEN_MUST, LAST_ROUND, SIGNED),
            happened_field="inspected_at",
            notify=("owner", "managers"),
            automatic=True,
            source_note="R-14, DL-19",
        ),
        *(
            Transition(
                Action.NOT_HELD,
                N_("Not held: somebody is absent"),
                frozenset({state}),
                state,
                Permission.PREACCEPT_WORK,
                required=("absent", "inspected_at"),
                optional=("reason",),
                guards=(NOT_WAITING,),
                happened_field="inspected_at",
                notify=("managers", "owner"),
                primary=False,
            )
            for state in (State.SCHEDULED, State.RECTIFYING_1, State.RECTIFYING_2)
        ),
        *(
            Transition(
                Action.EXCUSE,
                N_("Excuse the absence, new date"),
                frozenset({state}),
                state,
                Permission.PREACCEPT_DECIDE,
                required=("scheduled_at", "reason"),
                guards=(WAITING,),
                notify=("owner", "inspectors"),
                primary=False,
            )
            for state in (State.SCHEDULED, State.RECTIFYING_1, State.RECTIFYING_2)
        ),
        *(
            Transition(
                Action.COUNT,
                N_("Count the absence as not rectified"),
                frozenset({source}),
                target,
                Permission.PREACCEPT_DECIDE,
                required=("reason", "limit_on", "recheck_at"),
                guards=(WAITING, MORE_ROUNDS, RECHECK_AFTER),
                notify=("owner", "inspectors"),
                source_note="R-15",
            )
            for source, target in (
                (State.SCHEDULED, State.RECTIFYING_1),
                (State.RECTIFYING_1, State.RECTIFYING_2),
            )
        ),
        Transition(
            Action.COUNT_LAST,
            N_("Count the absence as the last failure"),
            INSPECTED_FROM,
            State.FAILED_3,
            Permission.PREACCEPT_DECIDE,
            required=("reason",),
            guards=(WAITING, LAST_ROUND),
            notify=("owner", "inspectors"),
            source_note="R-14",
        ),
        Transition(
            Action.RESTART,
            N_("New foreman, inspect anew"),
            frozenset({State.FAILED_3}),
            State.SCHEDULED,
            Permission.PREACCEPT_WORK,
            required=("foreman", "scheduled_at"),
            guards=(NEW_FOREMAN,),
            notify=("owner",),
        ),
        Transition(
            Action.WITHDRAW,
            N_("Take off the list"),
            frozenset({State.LISTED, State.SCHEDULED}),
            State.WITHDRAWN,
            Permission.PREACCEPT_WORK,
            required=("reason",),
            notify=("owner",),
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-17",
            N_("Engineering hands in the list of the week"),
            starts=frozenset({State.LISTED}),
            starts_on=frozenset({Action.LIST}),
            met_by=frozenset({State.LISTED}),
            setting="preaccept_list_day",
            due_field="list_due_at",
            due_words=N_("Wednesday before the week, as set"),
            responsible="department",
            department="ENGINEERING",
        ),
        Deadline(
            "DL-18",
            N_("Fix and publish the date of the inspection"),
            starts=frozenset({State.LISTED}),
            met_by=frozenset({State.SCHEDULED}),
            cancelled_by=frozenset({State.WITHDRAWN}),
            setting="preaccept_schedule_day",
            due_field="schedule_due_at",
            due_words=N_("Thursday before the week, as set"),
            responsible="inspectors",
        ),
        Deadline(
            "DL-19",
            N_("Re-inspect on the agreed date"),
            starts=RECTIFYING,
            met_by=frozenset({State.PASSED, State.FAILED_3, *RECTIFYING}),
            not_met_by=frozenset({Action.COUNT, Action.COUNT_LAST, Action.NOT_HELD, Action.EXCUSE}),
            cancelled_by=frozenset({State.FAILED_3}),
            starts_on=frozenset({Action.FAIL, Action.COUNT}),
            setting="rectify_days",
            due_field="recheck_due_at",
            due_words=N_("The day agreed in F-10"),
            responsible="inspectors",
        ),
    ),
    field_labels={
        "week_from": N_("Week of the inspections"),
        "project_manager": N_("Project manager"),
        "foreman": N_("Foreman"),
        "supervisor": N_("Supervisor"),
        "listed_at": N_("Handed in at", "inspection"),
        "remarks": N_("Remarks"),
        "reason": N_("Reason"),
        "scheduled_at": N_("Inspection at"),
        "inspected_at": N_("Inspected at"),
        "requirement": N_("What is to be done", "inspection"),
        "limit_on": N_("To be rectified by"),
        "recheck_at": N_("Re-inspection agreed for"),
        "absent": N_("Who is absent"),
    },
    forms=("F-09", "F-10"),
)
