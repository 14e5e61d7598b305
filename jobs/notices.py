"""Telling people: deadlines, steps of a process, given-up work, the morning digest. Source: `domain.md` 0.2, 7.2."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, formatting, i18n, outbox
from portal.i18n import N_, Text
from portal.models.absence import Absence
from portal.models.event import Event
from portal.models.field_entry import ClaimState, DeadlineClaim
from portal.models.notice import Notice, NoticeLevel
from portal.models.org import User
from portal.models.outbox import Outbox
from portal.models.task import OWN_WORDS, Task, TaskKind, Topic
from portal.paths import record_path
from portal.permissions import Permission, may
from portal.processes.registry import PROCESSES
from portal.services import absences, followers, following, notices, operations, record_kinds, workload
from portal.services import digest as mornings
from portal.services.delivery import close_slot
from portal.services.tasks import REPEAT, told_as

Level = NoticeLevel

DUE_SOON = N_("Due soon: %(task)s (%(customer)s)")
TASK_FOR_YOU = N_("A task for you: %(task)s (%(customer)s)")
MENTIONED = N_("%(person)s mentioned you: %(customer)s")
WRITTEN = N_("A message from %(person)s: %(customer)s")
OVERDUE = N_("Overdue: %(task)s (%(customer)s)")
STILL_OVERDUE = N_("Overdue for %(days)s days: %(task)s (%(customer)s)")
CLAIMED = N_("Met without signal, please decide: %(task)s (%(customer)s, %(person)s)")
ABSENCE: dict[str, tuple[NoticeLevel, Text]] = {
    "set": (Level.ACTION, N_("%(person)s stands in for %(customer)s from %(from)s until %(until)s")),
    "begins": (Level.ACTION, N_("%(person)s stands in for %(customer)s until %(until)s, open tasks: %(count)s")),
    "over": (Level.INFO, N_("%(customer)s is back, %(person)s stood in. Open tasks: %(count)s")),
    "called-off": (Level.INFO, N_("%(customer)s is there after all from %(from)s until %(until)s")),
}
"""What is told of a leave, and how pressing it is for who stands in; to the others it is information."""
HANDED_OVER = N_("Yours from now on, from %(person)s: %(customers)s customers, %(records)s records, %(tasks)s tasks")
DEAD = N_("Work was given up: %(kind)s %(number)s. Operations shows why and can run it again.")
DIGEST = N_("Your day: %(overdue)s overdue, %(due)s due today, %(new)s new, %(said)s written to you")
DIGEST_BROKEN = N_(
    "Your day: %(broken)s promises broken, %(overdue)s overdue, %(due)s due today, %(new)s new, %(said)s written to you"
)
"""The same where promises to customers are broken: they lead."""
CALENDAR = N_("Please confirm the make-up days of %(year)s in the calendar")
SOME_STEP = N_("%(step)s: %(customer)s")

LATE_ENTRIES = "/manager/late-entries"
"""Where claims are decided."""

STEPS: dict[tuple[str, str], tuple[NoticeLevel, Text]] = {
    ("complaints", "register"): (Level.ACTION, N_("New complaint: %(customer)s – %(subject)s")),
    ("complaints", "assign"): (Level.ACTION, N_("A complaint is now yours: %(customer)s – %(subject)s")),
    ("complaints", "reassign"): (Level.ACTION, N_("Another department leads now: %(customer)s – %(subject)s")),
    ("complaints", "plan-proposed"): (Level.ACTION, N_("Please look at the plan: %(customer)s – %(subject)s")),
    ("complaints", "plan-seen"): (Level.ACTION, N_("The manager has seen the plan: %(customer)s – %(subject)s")),
    ("complaints", "rework"): (Level.INFO, N_("The customer is not satisfied, next round: %(customer)s – %(subject)s")),
    ("complaints", "refuse"): (Level.INFO, N_("Refused as malicious: %(customer)s – %(subject)s")),
    ("consultations", "forward"): (Level.ACTION, N_("A forwarded question waits for a reply: %(customer)s")),
    ("consultations", "message"): (Level.ACTION, N_("A message for you from %(customer)s")),
    ("consultations", "new-customer"): (Level.ACTION, N_("A new customer waits for the first contact: %(customer)s")),
    ("consultations", "pass-on"): (Level.ACTION, N_("Passed on by the front desk: %(customer)s")),
    ("drawing-reviews", "submit"): (Level.ACTION, N_("Drawings to review: %(customer)s")),
    ("drawing-reviews", "resubmit"): (Level.ACTION, N_("Corrected drawings to review: %(customer)s")),
    ("drawing-reviews", "change"): (Level.ACTION, N_("Changed after the pass, to review anew: %(customer)s")),
    ("drawing-reviews", "return"): (Level.ACTION, N_("Drawings are returned, tell the store: %(customer)s")),
    ("drawing-reviews", "pass"): (Level.ACTION, N_("Drawings have passed, the customer may sign: %(customer)s")),
    ("drawing-reviews", "bypass"): (Level.ACTION, N_("Signed without a pass: %(customer)s")),
    ("contracts", "approve"): (Level.ACTION, N_("Legal has passed it, the customer may sign: %(customer)s")),
    ("contracts", "return-legal"): (Level.ACTION, N_("Legal has returned the draft: %(customer)s")),
    ("contracts", "sign-anyway"): (Level.ACTION, N_("Signed although a review had not passed: %(customer)s")),
    ("warranties", "open"): (Level.ACTION, N_("Everything is paid, issue the warranty: %(customer)s")),
    ("completions", "accept"): (Level.ACTION, N_("Accepted, the final payment is due: %(customer)s")),
    ("completions", "refuse"): (Level.ACTION, N_("A part of the works was refused: %(customer)s")),
    ("completions", "settle"): (Level.ACTION, N_("The final payment is in: %(customer)s")),
    ("projects", "sign"): (Level.ACTION, N_("The contract is signed, open the archive: %(customer)s")),
    ("projects", "dispatch"): (Level.ACTION, N_("Engineering named who builds, tell the customer: %(customer)s")),
    ("projects", "accept"): (Level.INFO, N_("The customer accepted the works: %(customer)s")),
    ("projects", "suspend"): (Level.ACTION, N_("Works are stopped: %(customer)s")),
    ("repair-orders", "report"): (Level.ACTION, N_("New repair: %(customer)s – %(subject)s")),
    ("repair-orders", "urgent"): (Level.OVERDUE, N_("Urgent repair: %(customer)s – %(subject)s")),
    ("repair-orders", "assign"): (Level.ACTION, N_("A repair for you: %(customer)s – %(subject)s")),
    ("repair-orders", "take-over"): (
        Level.ACTION,
        N_("Nobody came in time, the captain takes over: %(customer)s – %(subject)s"),
    ),
    ("repair-orders", "taken-back"): (Level.ACTION, N_("Taken back, it was a mistake: %(customer)s – %(subject)s")),
    ("repair-orders", "visit-moved"): (Level.ACTION, N_("The visit was moved: %(customer)s – %(subject)s")),
    ("repair-orders", "signed-other-words"): (
        Level.ACTION,
        N_("Signed without network, but for other words: have it signed again: %(customer)s – %(subject)s"),
    ),
    ("pre-acceptances", "admit"): (Level.ACTION, N_("A late entry is admitted, please schedule it: %(customer)s")),
    ("pre-acceptances", "schedule"): (Level.INFO, N_("The pre-acceptance has its date: %(customer)s")),
    ("pre-acceptances", "move"): (Level.INFO, N_("The pre-acceptance was moved: %(customer)s")),
    ("pre-acceptances", "pass"): (Level.ACTION, N_("Pre-acceptance passed, prepare the completion: %(customer)s")),
    ("pre-acceptances", "fail"): (Level.INFO, N_("Pre-acceptance failed, to be rectified: %(customer)s")),
    ("pre-acceptances", "fail-last"): (Level.ACTION, N_("Pre-acceptance failed for the last time: %(customer)s")),
    ("pre-acceptances", "not-held"): (Level.ACTION, N_("Inspection not held, somebody was absent: %(customer)s")),
    ("pre-acceptances", "excuse"): (Level.ACTION, N_("The absence is excused, new date: %(customer)s")),
    ("pre-acceptances", "count"): (Level.ACTION, N_("The absence counts as not rectified: %(customer)s")),
    ("pre-acceptances", "count-last"): (Level.ACTION, N_("Pre-acceptance failed for the last time: %(customer)s")),
    ("pre-acceptances", "restart"): (Level.INFO, N_("A new foreman is inspected anew: %(customer)s")),
    ("penalties", "propose"): (Level.ACTION, N_("A penalty is proposed: %(subject)s")),
    ("penalties", "approve"): (Level.ACTION, N_("A penalty is approved and is to be carried out: %(subject)s")),
    ("penalties", "reject"): (Level.INFO, N_("A penalty is rejected: %(subject)s")),
    ("penalties", "execute"): (Level.INFO, N_("A penalty is carried out: %(subject)s")),
    ("penalties", "appeal"): (Level.ACTION, N_("An appeal waits for your decision: %(subject)s")),
    ("penalties", "uphold"): (Level.ACTION, N_("The penalty stands after the appeal: %(subject)s")),
    ("penalties", "ground-gone"): (Level.ACTION, N_("Its ground is gone, look at the penalty again: %(subject)s")),
    ("penalties", "reverse"): (Level.INFO, N_("The penalty was reversed on appeal: %(subject)s")),
    ("rewards", "propose"): (Level.ACTION, N_("A reward is proposed: %(subject)s")),
    ("rewards", "approve"): (Level.ACTION, N_("A reward is approved and is to be carried out: %(subject)s")),
    ("rewards", "reject"): (Level.INFO, N_("A reward is rejected: %(subject)s")),
    ("rewards", "execute"): (Level.INFO, N_("A reward is carried out: %(subject)s")),
    ("surveys", "low-score"): (Level.ACTION, N_("Not content, see to it now: %(customer)s")),
    ("surveys", "annul"): (Level.INFO, N_("An answered survey was made void: %(customer)s")),
    ("suggestions", "record"): (Level.ACTION, N_("A suggestion for you: %(customer)s")),
    ("knowledge-articles", "ask"): (Level.ACTION, N_("An article waits for your approval: %(subject)s")),
    ("knowledge-articles", "to-read"): (Level.ACTION, N_("Please read and confirm: %(subject)s")),
    ("knowledge-articles", "retire"): (Level.INFO, N_("An article counts no more: %(subject)s")),
    ("report-runs", "make"): (Level.ACTION, N_("A report is to be drawn up and delivered: %(subject)s")),
    ("report-runs", "draw-up"): (Level.ACTION, N_("A report waits for your signature: %(subject)s")),
    ("report-runs", "sign"): (Level.ACTION, N_("A report is signed and is to be delivered: %(subject)s")),
    ("report-runs", "miss"): (Level.OVERDUE, N_("A report is late: %(subject)s")),
    ("repair-orders", "decline"): (Level.INFO, N_("The quote was declined: %(customer)s – %(subject)s")),
    ("repair-orders", "sign-off"): (Level.ACTION, N_("Signed off, call the customer: %(customer)s – %(subject)s")),
    ("repair-orders", "rework"): (
        Level.ACTION,
        N_("The customer is not satisfied, repair again: %(customer)s – %(subject)s"),
    ),
    ("repair-cost-cases", "draft"): (Level.ACTION, N_("Repair cost to be confirmed by engineering: %(customer)s")),
    ("repair-cost-cases", "confirm"): (Level.ACTION, N_("Repair cost waits for your approval: %(customer)s")),
    ("repair-cost-cases", "approve"): (Level.ACTION, N_("Repair cost is approved: %(customer)s")),
    ("repair-cost-cases", "execute"): (Level.ACTION, N_("Repair cost is to be booked: %(customer)s")),
    ("repair-cost-cases", "exceed"): (Level.ACTION, N_("The repair costs more, confirm anew: %(customer)s")),
    ("escalations", "submit"): (Level.ACTION, N_("Escalated to you: %(customer)s – %(subject)s")),
    ("escalations", "take"): (Level.INFO, N_("The manager has taken the case: %(customer)s – %(subject)s")),
    ("escalations", "set-visit"): (Level.INFO, N_("A visit is agreed: %(customer)s – %(subject)s")),
    ("escalations", "approve"): (Level.INFO, N_("The leader has consented: %(customer)s – %(subject)s")),
    ("escalations", "pay"): (Level.INFO, N_("The compensation is paid: %(customer)s – %(subject)s")),
    ("escalations", "close"): (Level.INFO, N_("The escalated complaint is closed: %(customer)s – %(subject)s")),
    ("cancellations", "apply"): (Level.ACTION, N_("The customer wants to end the contract: %(customer)s")),
    ("cancellations", "give-opinion"): (Level.ACTION, N_("Design's opinion is in, draft the liability: %(customer)s")),
    ("cancellations", "draft"): (Level.ACTION, N_("Liability of a cancellation to be signed: %(customer)s")),
    ("cancellations", "sign"): (Level.ACTION, N_("The liability is signed, have finance verify: %(customer)s")),
    ("cancellations", "redraft"): (
        Level.ACTION,
        N_("The liability is decided anew, have finance verify: %(customer)s"),
    ),
    ("cancellations", "recall"): (Level.ACTION, N_("The consent was taken back: %(customer)s")),
    ("cancellations", "verify"): (Level.ACTION, N_("Finance has verified, ask the general manager: %(customer)s")),
    ("cancellations", "approve"): (Level.ACTION, N_("Cancellation approved, tell the departments: %(customer)s")),
    ("cancellations", "refuse"): (Level.ACTION, N_("Cancellation not approved: %(customer)s")),
    ("cancellations", "notify"): (Level.INFO, N_("The departments are told of the cancellation: %(customer)s")),
    ("cancellations", "void"): (Level.INFO, N_("The contract is voided: %(customer)s")),
    ("cancellations", "close"): (Level.INFO, N_("The cancellation is settled: %(customer)s")),
    ("cancellations", "withdraw"): (Level.INFO, N_("The customer takes the cancellation back: %(customer)s")),
    ("repair-cost-cases", "refuse"): (Level.ACTION, N_("Repair cost is refused: %(customer)s")),
    ("repair-cost-cases", "recall"): (Level.ACTION, N_("Consent to repair cost is taken back: %(customer)s")),
    ("archive-loans", "ask"): (Level.ACTION, N_("A file of the archive is asked for: %(customer)s – %(subject)s")),
    ("archive-loans", "approve"): (Level.ACTION, N_("The file may be handed out: %(customer)s – %(subject)s")),
    ("archive-loans", "refuse"): (Level.INFO, N_("The file is not handed out: %(customer)s – %(subject)s")),
    ("archive-loans", "recall"): (Level.ACTION, N_("The consent to a loan is taken back: %(customer)s – %(subject)s")),
    ("archive-loans", "lose"): (Level.ACTION, N_("A file did not come back whole: %(customer)s – %(subject)s")),
    ("approvals", "approve"): (Level.INFO, N_("Consent is given: %(customer)s – %(subject)s")),
    ("approvals", "refuse"): (Level.ACTION, N_("Consent is refused: %(customer)s – %(subject)s")),
    ("approvals", "revoke"): (Level.ACTION, N_("Consent is taken back: %(customer)s – %(subject)s")),
    ("approvals", "forward"): (Level.ACTION, N_("Forwarded to you to decide: %(customer)s – %(subject)s")),
    ("approvals", "approved-part"): (Level.ACTION, N_("The next consent is to be given: %(customer)s – %(subject)s")),
}
"""How pressing a step is for those who are told, and in which words; other steps say their own name."""

TOLD_OTHERWISE = {("complaints", "escalate")}
"""Steps whose second record tells the same people the same thing."""


def notify_task(
    session: Session,
    *,
    task_id: int,
    level: str,
    repeat: int = 0,
    turn: int = 0,
    by_id: int | None = None,
    to_id: int | None = None,
) -> None:
    """Tell of a task that is now somebody's, warn of a deadline, tell of a miss; all again every 24 h.

    Managers hear of missed clocks too. Nothing when the task was closed, put off or handed on meanwhile.
    """
    task = session.get(Task, task_id)
    if task is None or task.closed_at is not None or task.put_off_count != turn:
        return
    if level == Level.ACTION and task.person_id != to_id:
        return
    people = notices.handlers_of(session, task)
    title: Text = TASK_FOR_YOU if level == Level.ACTION else DUE_SOON
    if level == Level.OVERDUE:
        title = STILL_OVERDUE if repeat else OVERDUE
        if task.code:
            people = [*people, *_also_told(session, task)]
    for person in notices.distinct(people, but=by_id):
        notices.notify(
            session,
            user=person,
            key=told_as(task, level, repeat),
            level=level,
            title=title,
            params={
                "task": task.title if task.kind in OWN_WORDS else Text(task.title),
                "customer": task.customer_name or task.record_number,
                "days": repeat * REPEAT.days,
                "number": task.record_number,
            },
            link=record_path(task.record_kind, task.record_number),
            task=task,
            due_at=task.due_at,
            at=clock.now(),
        )


def _also_told(session: Session, task: Task) -> list[User]:
    """Who else hears of a missed clock, as its process says."""
    process = PROCESSES.get(task.record_kind)
    clocks = {clock.code: clock for clock in process.deadlines} if process else {}
    names = clocks[task.code].overdue_also if task.code in clocks else ("managers",)
    model = record_kinds.MODELS.get(task.record_kind)
    record = session.get(model, task.record_id) if model and set(names) != {"managers"} else task
    return [person for name in names for person in notices.audience(session, name, record or task)]


def notify_step(
    session: Session, *, record_kind: str, record_id: int, action: str, audiences: list[str], by_id: int | None
) -> None:
    """Tell the audiences of a step, and those who follow the record; never the one who took it."""
    model = record_kinds.MODELS.get(record_kind)
    record = session.get(model, record_id) if model else None
    if record is None or (record_kind, action) in TOLD_OTHERWISE:
        return
    level, title = STEPS.get((record_kind, action), (Level.INFO, SOME_STEP))
    case = getattr(record, "complaint", None) or record
    customer = getattr(case, "customer", None)
    at = clock.now()
    running = session.scalars(
        select(Task)
        .where(Task.record_kind == record_kind, Task.record_id == record_id, Task.closed_at.is_(None))
        .order_by(Task.due_at.is_(None), Task.due_at)
        .limit(1)
    ).first()
    told = [person for name in audiences for person in notices.audience(session, name, record)]
    pressed = {person.id for person in told}
    for person in notices.distinct([*told, *notices.audience(session, "followers", record)], but=by_id):
        notices.notify(
            session,
            user=person,
            key=f"step:{record_kind}:{record_id}:{action}:{record.version}",
            level=level if person.id in pressed else Level.INFO,
            title=title,
            params={
                "customer": getattr(case, "complainant", None)
                or getattr(case, "reporter", None)
                or (customer.name if customer else record.number),
                "subject": getattr(case, "subject", None) or (getattr(case, "symptom", None) or "")[:60],
                "step": _step_label(record_kind, action),
                "number": record.number,
            },
            link=record_path(record_kind, record.number),
            record=record,
            due_at=running.due_at if running is not None and person.id in pressed else None,
            at=at,
        )


def notify_claim(session: Session, *, claim_id: int) -> None:
    """Tell the managers of a clock that was met without signal and heard of too late: they decide. Not once it is decided."""
    claim = session.get(DeadlineClaim, claim_id)
    if claim is None or claim.state != ClaimState.OPEN:
        return
    task = claim.task
    for person in notices.audience(session, "managers", claim):
        notices.notify(
            session,
            user=person,
            key=f"claim:{claim.id}",
            level=Level.ACTION,
            title=CLAIMED,
            params={
                "task": Text(task.title),
                "customer": task.customer_name or task.record_number,
                "person": claim.user.name,
                "number": task.record_number,
            },
            link=LATE_ENTRIES,
            task=task,
            at=clock.now(),
        )


def notify_absence(session: Session, *, absence_id: int, what: str, by_id: int | None = None) -> None:
    """Tell who stands in, who is away, and the managers, who answer for both; never the one who said it.

    A leader without a login is told by the managers, who record what is decided.
    """
    found = session.get(Absence, absence_id)
    if found is None or (found.ended_at is not None and what in ("set", "begins")):
        return
    level, title = ABSENCE[what]
    away, instead = absences.name_of(found)
    params = {
        "person": instead,
        "customer": away,
        "from": found.from_on.isoformat(),
        "until": found.until_on.isoformat(),
        "count": workload.open_count(session, found.user) if found.user is not None else 0,
    }
    own = [each for each in (found.by_user, found.user) if each is not None and each.is_active]
    for person in notices.distinct([*own, *notices.audience(session, "managers", found.user)], but=by_id):
        is_manager = may(person, Permission.ABSENCE_EDIT)
        notices.notify(
            session,
            user=person,
            key=f"absence:{found.id}:{what}",
            level=level if person.id == found.by_user_id or found.by_user_id is None else Level.INFO,
            title=title,
            params=params,
            link="/manager/absences" if is_manager else "/account/absences",
            at=clock.now(),
        )


def notify_handover(
    session: Session, *, person_id: int, to_id: int, customers: int = 0, tasks: int = 0, records: int = 0
) -> None:
    """Tell a colleague what came over for good from somebody who leaves."""
    person, to = session.get(User, person_id), session.get(User, to_id)
    if person is None or to is None or not to.is_active:
        return
    notices.notify(
        session,
        user=to,
        key=f"handover:{person_id}",
        level=Level.ACTION,
        title=HANDED_OVER,
        params={"person": person.name, "customers": customers, "tasks": tasks, "records": records},
        link="/records/tasks?filter=mine,open",
        at=clock.now(),
    )


def notify_talk(
    session: Session,
    *,
    record_kind: str,
    record_id: int,
    people: list[int],
    mentioned: list[int],
    by_id: int,
    said: str,
) -> None:
    """Tell those named in a note and the receivers of a message; whoever may not see the record any more, not."""
    model = record_kinds.MODELS.get(record_kind)
    record = session.get(model, record_id) if model else None
    writer = session.get(User, by_id)
    if record is None or writer is None:
        return
    for person in session.scalars(record_kinds.who_sees(record).where(User.id.in_(people)).order_by(User.id)).all():
        is_named = person.id in mentioned
        notices.notify(
            session,
            user=person,
            key=said,
            level=Level.ACTION if is_named else Level.INFO,
            title=MENTIONED if is_named else WRITTEN,
            params={"person": writer.name, "customer": followers.title_of(record), "number": record.number},
            link=record_path(record_kind, record.number),
            record=record,
            at=clock.now(),
        )


FOLLOWED: dict[str, Text] = {
    Topic.CHANGES: N_("%(person)s changed %(customer)s"),
    Topic.FILES: N_("%(person)s: a file of %(customer)s, %(what)s"),
    Topic.TASKS: N_("%(person)s: a task on %(customer)s, %(what)s"),
    Topic.CALLS: N_("%(person)s called about %(customer)s"),
    Topic.MISSES: N_("Deadline %(code)s missed: %(customer)s"),
}
"""What followers are told, by topic."""


def notify_followers(session: Session, *, event_id: int, people: list[int]) -> None:
    """Tell those who follow a record of what they asked for; whoever may not see it any more, not.

    Whose turn a task is hears of it as such, and not a second time.
    """
    event = session.get(Event, event_id)
    model = record_kinds.MODELS.get(event.record_kind or "") if event is not None else None
    record = session.get(model, event.record_id) if event is not None and model is not None else None
    if event is None or record is None:
        return
    task = session.get(Task, event.data["task"]) if event.data.get("task") else None
    told = task.person_id if task is not None and event.action in TOLD_AS_TASK else None
    wanted = record_kinds.who_sees(record).where(User.id.in_(people), User.id != (told or 0))
    for person in session.scalars(wanted.order_by(User.id)).all():
        notices.notify(
            session,
            user=person,
            key=f"followed:{event.id}",
            level=Level.INFO,
            title=FOLLOWED[following.TOPICS[event.kind]],
            params={
                "person": event.actor.name if event.actor else N_("The portal"),
                "customer": followers.title_of(record),
                "what": event.data.get("name") or "",
                "code": event.action or "",
                "number": record.number,
            },
            link=record_path(record.KIND, record.number),
            record=record,
            at=clock.now(),
        )


TOLD_AS_TASK = {"promised", "task-set", "task-handed-over", "task-followed"}
"""What the person whose turn it is hears as a task of their own."""


def _step_label(kind: str, action: str) -> Text | str:
    process = PROCESSES.get(kind)
    found = next((step.label for step in process.transitions if step.action == action), None) if process else None
    return found or action


def work_given_up(session: Session, *, outbox_id: int) -> None:
    """Alert the managers to dead work, and let its handler say so where people look."""
    from jobs.outbox import Staged, handlers

    row = session.get(Outbox, outbox_id)
    if row is None or row.state != "DEAD":  # somebody had it run again meanwhile
        return
    handler = handlers().get(row.kind)
    if isinstance(handler, Staged):
        handler.gave_up(session, row.last_error or "", **row.payload)
    at = clock.now()
    for person in notices.audience(session, "managers", None):
        notices.notify(
            session,
            user=person,
            key=f"dead:{row.id}:{row.created_at.isoformat()}",
            level=Level.OVERDUE,
            title=DEAD,
            params={"kind": operations.KINDS.get(row.kind, row.kind), "number": row.id},
            link="/manager/operations",
            at=at,
        )


# The morning -------------------------------------------------------------------------------------------------------


def digest(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Every morning: one digest for each person, each a piece of work of its own."""
    at = clock.now()
    people = session.scalars(select(User.id).where(User.disabled_at.is_(None)).order_by(User.id)).all()
    for user_id in people:
        outbox.post(session, "digest_person", key=f"digest:{slot}:{user_id}", at=at, user_id=user_id, day=slot)
    close_slot(session, schedule, slot, scope, at=at, result=f"{len(people)}")


def digest_person(session: Session, *, user_id: int, day: str) -> None:
    """What a person's morning holds, once a day. Nothing to do means nothing to say."""
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        return
    at = clock.now()
    held = mornings.gather(session, user, at)
    if not held:
        return
    key = f"{mornings.KEY}{day}"
    told = notices.notify(
        session,
        user=user,
        key=key,
        level=Level.INFO,
        title=DIGEST_BROKEN if held["broken"] else DIGEST,
        params={**held, "due": held["today"] + held["back"]},
        link=f"/account/digest/{day}",
        at=at,
    )
    if told:
        notice_id = session.scalar(select(Notice.id).where(Notice.user_id == user.id, Notice.key == key))
        notices.mail(session, user=user, key=f"{mornings.KEY}{user.id}:{day}", notice_id=notice_id, at=at)


def calendar_reminder(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """In November: next year's make-up days are announced about now, and the managers confirm them."""
    at = clock.now()
    year = int(slot[:4]) + 1
    for person in notices.audience(session, "managers", None):
        if may(person, Permission.SETTING_EDIT):
            notices.notify(
                session,
                user=person,
                key=f"calendar:{year}",
                level=Level.ACTION,
                title=CALENDAR,
                params={"year": year},
                link="/manager/calendar",
                due_at=at + timedelta(days=30),
                at=at,
            )
    close_slot(session, schedule, slot, scope, at=at)


def mail_sections(session: Session, notice: Notice, at: datetime) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What the e-mail of a digest lists under each heading: (time left, what and its number, path). No names, no words."""
    user = session.get(User, notice.user_id)
    if user is None or not notice.key.startswith(mornings.KEY):
        return []
    found = []
    for section in mornings.sections(session, user, notice.params):
        lines = []
        for task in section.tasks:
            if task.closed_at is None:
                name = i18n.gettext(task.title) if task.kind == TaskKind.DEADLINE else TaskKind.show(task.kind)
                left = formatting.time_left(task.due_at, at) if task.due_at else ""
                lines.append((left, f"{name} {task.record_number}", record_path(task.record_kind, task.record_number)))
        for said in section.notices:
            if said.read_at is None:
                lines.append((formatting.moment(said.created_at, at), str(said.params.get("number", "")), said.link))
        if lines:
            found.append((str(section.label), lines))
    return found


HANDLERS = {
    "notify_task": notify_task,
    "notify_step": notify_step,
    "notify_claim": notify_claim,
    "notify_absence": notify_absence,
    "notify_handover": notify_handover,
    "notify_talk": notify_talk,
    "notify_followers": notify_followers,
    "work_given_up": work_given_up,
    "digest": digest,
    "digest_person": digest_person,
    "calendar_reminder": calendar_reminder,
}
