"""The task matrix of a list: its lines are those of the list, its counts those of the tasks, its questions few."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from blueprints.records import task_matrix
from portal.db import transaction
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.task import Task
from portal.permissions import Role

KINDS = sorted(kind for kind, listing in LISTINGS.items() if task_matrix.fits(listing))


def more_tasks(clock, records):
    """Beside the running clocks: done in time, done late, called off, without a limit."""
    at, hour = clock.now(), timedelta(hours=1)
    ends = [
        {"due_at": at, "closed_at": at - hour, "outcome": "DONE"},
        {"due_at": at - 2 * hour, "closed_at": at - hour, "outcome": "DONE"},
        {"due_at": at, "closed_at": at - hour, "outcome": "CANCELLED"},
        {},
    ]
    with transaction() as writing:
        for number, (kind, record_id) in enumerate(records):
            given = {"record_kind": kind, "record_id": record_id, "record_number": "x", "started_at": at - 5 * hour}
            writing.add(Task(kind="HAND", title="打电话", role="SPECIALIST", **given, **ends[number % len(ends)]))
            writing.add(
                Task(kind="DEADLINE", code="DL-11", title="The department calls the customer", **given, **ends[0])
            )


@pytest.mark.parametrize("kind", KINDS)
def test_the_counts_at_the_foot_are_those_of_the_tasks(session, sample, clock, kind):
    people, listing, at = sample, LISTINGS[kind], clock.now()
    ids = session.scalars(select(listing.model.id)).all()
    more_tasks(clock, [(kind, record_id) for record_id in ids])
    for user in (people.manager, people.specialist):
        seen = {row.id for row in engine.page(session, user, listing, State(), at=at).rows}
        wanted: dict[str, Counter[str]] = {}
        for task in session.scalars(select(Task).where(Task.record_kind == kind)):
            if task.record_id in seen and task.outcome != "CANCELLED":
                wanted.setdefault(task.code or task.kind, Counter())[task_matrix.standing(task, at)] += 1
        columns = task_matrix.columns_of(session, user, listing, State(), at)
        assert {each.key: +Counter(each.counts) for each in columns} == wanted
        held = task_matrix.tasks_of(session, listing, sorted(seen), user)
        assert sum(len(tasks) for tasks in held.values()) == sum(sum(each.counts.values()) for each in columns)


def test_every_state_of_a_task_occurs(session, sample, clock):
    people = sample
    listing = LISTINGS["complaints"]
    more_tasks(clock, [("complaints", record_id) for record_id in session.scalars(select(listing.model.id))])
    columns = task_matrix.columns_of(session, people.manager, listing, State(), clock.now())
    assert all(sum(each.counts[state] for each in columns) for state in task_matrix.STATES)
    assert [each.key for each in columns] == ["DL-10", "DL-11", "HAND"]


@pytest.mark.parametrize("kind", KINDS)
def test_its_lines_are_those_of_the_list(sign_in, sample, kind):
    desk = sign_in(Role.MANAGER)
    listed = desk.get(f"/records/{kind}", query={"filter": ""}, status=200).text
    matrix = desk.get(f"/records/{kind}", query={"filter": "", "view": "tasks"}, status=200).text
    for listing_line in {part.split('"')[0] for part in listed.split('class="who" href="')[1:]}:
        assert listing_line in matrix or "tasks-matrix" not in matrix


def test_the_most_pressing_task_stands_in_the_cell(session, sample, clock):
    people = sample
    listing, at = LISTINGS["complaints"], clock.now()
    with transaction() as writing:
        for hours in (9, 1, 3):
            writing.add(
                Task(
                    kind="HAND", title="x", record_kind="complaints", record_id=1, record_number="x", role="MANAGER",
                    started_at=at, due_at=at + timedelta(hours=hours),
                )
            )  # fmt: skip
    tasks = task_matrix.tasks_of(session, listing, [1], people.manager)[1, "HAND"]
    assert [task.due_at for task in tasks] == [at + timedelta(hours=hours) for hours in (1, 3, 9)]


def test_questions_stay_few(sign_in, sample, clock, queries):
    desk = sign_in(Role.MANAGER)

    def questions():
        with queries() as asked:
            desk.get("/records/complaints", query={"filter": "", "view": "tasks"}, status=200)
        return len(asked)

    questions()
    few = questions()
    more_tasks(clock, [("complaints", number) for number in range(1, 9)] * 3)
    assert questions() == few <= 15
