"""Synthetic volume, for measuring: years of customers, works, calls and complaints, made as fast as the database writes.

Everything obeys the rules of the services: numbers, money to the fen, clocks, breaches, the chain of events. The same
seed on the same day makes the same people and stories. Each portion is one transaction, so it may be stopped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import click
from sqlalchemy import func, select, text

from portal import clock
from portal.db import session, transaction
from portal.models import passage, spelling
from portal.models.complaint import Complaint, ComplaintDepartment, ComplaintRound, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Payment, PaymentTerm, Quotation
from portal.models.customer import Customer, Property
from portal.models.outbox import Outbox, OutboxState
from portal.models.project import Project
from portal.models.task import DeadlineBreach, Task
from portal.seeding import company
from portal.seeding.bulk import Bulk, let_planner_look
from portal.seeding.cases import Cases
from portal.seeding.days import YEARS, Days
from portal.seeding.households import Household, Households
from portal.services import calendars, tasks

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PORTION = 4000
"""Projects per transaction: about a second."""
CALLS, COMPLAINTS = 0.25, 0.04
"""Per project."""
RECENT_PER_SPECIALIST = 40
"""Complaints of the last days, so that everybody has work, whatever the volume; about half are still open."""
LAST_DAYS = 5
ORDER = (
    Customer, Property, Project, Contract, PaymentTerm, Payment, Quotation, Consultation, Complaint,
    ComplaintDepartment, ComplaintRound, Escalation, Task, DeadlineBreach,
)  # fmt: skip
"""Parents before children: foreign keys are checked while writing."""


def seed(projects: int, *, seed: int = 1, tell: Callable[[str], None] | None = None) -> None:
    """Add so many projects with their histories of the last five years to the present database.

    Needs an application context and a current database. `tell` is given a line after each portion (default: standard
    error). What is due now is swept and told at the end, so that boards and inboxes are as on a working day.
    """
    tell = tell or (lambda line: click.echo(line, err=True))
    at = clock.now()
    days = Days(at)
    with transaction() as writing:
        year = clock.today(at).year
        calendars.seed(writing, range(year - YEARS, year + 2), at=at)
        random = Random(f"{seed}")
        people = company.found(writing, projects, random, at=days.moment(0, random))
    bulk = Bulk(ORDER)
    pool: deque[Household] = deque(maxlen=20_000)
    recent = min(RECENT_PER_SPECIALIST * len(people.specialists), projects // 20 + 1)
    for done in range(0, projects, PORTION):
        count = min(PORTION, projects - done)
        random = Random(f"{seed}:{done}")
        is_last = done + count == projects
        with transaction() as writing:
            _raise_cache(writing)
            bulk.begin(writing)
            first, share = done / projects, count / projects
            pool.extend(Households(bulk, people, days, writing).make(count, first, share, random))
            cases, known = Cases(bulk, people, days), list(pool)
            for number in range(int(count * CALLS)):
                household = known[int(random.random() * len(known))] if random.random() < 0.7 else None
                cases.call(household, days.moment(first + share * number / (count * CALLS), random), random)
            for number in range(complaints := int(count * COMPLAINTS)):
                household = known[int(random.random() * len(known))]
                cases.complain(household, days.moment(first + share * number / complaints, random), random)
            for _number in range(recent if is_last else 0):
                moment = days.moment(1 - random.random() * LAST_DAYS / (YEARS * 365), random)
                cases.complain(known[int(random.random() * len(known))], moment, random)
            bulk.write()
        tell(f"{done + count:,} of {projects:,} projects")
    tell("Telling people what is due, and letting the planner look")
    _tell_what_is_due()
    with transaction() as writing:  # a server that does not look by itself would go through all rows for each portion
        let_planner_look(writing.connection())
    with transaction() as writing:
        spelling.fill(writing)
        passage.fill(writing)
        let_planner_look(writing.connection())


def _raise_cache(writing: Session) -> None:
    """Indexes in random order are written from memory, not page by page."""
    if writing.get_bind().dialect.name == "sqlite":
        writing.execute(text("PRAGMA cache_size=-400000"))


def _tell_what_is_due() -> None:
    """Sweep the clocks and deliver, as scheduler and workers would have done."""
    from jobs import outbox  # the workers' own way; loaded late, because jobs lie above this package

    at = clock.now()
    swept = 1
    while swept:
        with transaction() as writing:
            due = func.count().filter(Task.next_check_at <= at, Task.closed_at.is_(None))
            swept = tasks.sweep(writing, at) if writing.scalar(select(due)) else 0
            writing.info.pop("outbox", None)  # delivered below: no worker need be woken
    waiting = select(Outbox.id).where(
        Outbox.state == OutboxState.PENDING,
        Outbox.queue == "fast",
        Outbox.run_after <= at,
        Outbox.kind == "notify_task",
    )
    for number in session().scalars(waiting.order_by(Outbox.id)).all():
        outbox.deliver(number, worker="seed")
