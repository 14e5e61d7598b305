"""The story of the foundation on real processes and real HTTP, undisturbed, under kill -9, and on PostgreSQL and Redis."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portal import queue
from tests import databases
from tests.faults.server import Commands, Server, wait_until
from tests.faults.story import BEGINS, CUSTOMER, Story, Trouble

pytestmark = [pytest.mark.slow, pytest.mark.pdf, pytest.mark.timeout(600)]

PROCESSES = ("web", "worker-fast", "worker-pdf", "scheduler", "valkey")
NOTICES = [
    ("manager", "DL-10", "OVERDUE"),
    ("specialist", "DL-10", "OVERDUE"),
    ("specialist", "DL-10", "WARN"),
    ("specialist", "DL-11", "WARN"),
    ("specialist", "DL-14", "WARN"),
]
"""Who was told of which clock: everybody once per level, the manager of the miss alone."""
REDIS = os.environ.get("PORTAL_TEST_REDIS_URL", "")
KINDS: list[Any] = ["embedded"]
if databases.SERVER and REDIS:
    KINDS.append(pytest.param("servers", marks=[pytest.mark.postgresql, pytest.mark.redis]))
LEDGER_HOLDS = {"customer": 420, "project": 420, "contract": 420, "complaint": 41}
"""Forty complaints of the ledger, and the one of the story."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the administrator leaves it before the first start; to be copied."""
    home = tmp_path_factory.mktemp("fresh") / "home"
    home.mkdir()
    Server(home, BEGINS).prepare()
    return home


# Trouble -------------------------------------------------------------------------------------------------------------


def kill(name: str, *, after: float = 0.0) -> Callable[[Server], None]:
    """The process dies now, or in the middle of what happens next."""

    def act(server: Server) -> None:
        threading.Timer(after, server.kill, (name,)).start() if after else server.kill(name)

    return act


def kill_children(name: str) -> Callable[[Server], None]:
    """Those who do the work of the process die."""
    return lambda server: server.kill_children(name)


def kill_at_work(kind: str, name: str, *, parent: bool = False) -> Callable[[Server], None]:
    """The worker dies while it has such work in hand: the process that does it, or the one above."""

    def act(server: Server) -> None:
        leased = "SELECT 1 FROM outbox WHERE kind = :kind AND state = 'LEASED'"
        wait_until(lambda: server.rows(leased, kind=kind), 60, f"no {kind} is ever in hand", every=0.005)
        (server.kill if parent else server.kill_children)(name)

    return act


def die_at(*points: str) -> Callable[[Server], None]:
    """Whoever reaches the fault points next dies there: K1 before the commit, K2 after it and before the answer."""

    def act(server: Server) -> None:
        for point in points:
            fault_file(server.home, point).touch()

    return act


def fault_file(home: Path, point: str) -> Path:
    return home.with_name(f"fault-{point}")


TROUBLE: Trouble = {
    "the ledger is uploaded": [kill("web", after=0.3)],
    "the customers are imported": [kill_at_work("import_run", "worker-fast")],
    "the complaints are imported": [kill_at_work("import_run", "worker-fast", parent=True)],
    "the call is registered": [die_at("K1")],
    "the complaint is registered": [kill("valkey"), die_at("K2")],
    "DL-10 is about to run out": [kill("scheduler")],
    "DL-10 has run out": [kill("valkey"), kill_children("worker-fast")],
    "hand-over is sent": [kill("web"), kill("worker-pdf")],
    "DL-11 is about to run out": [kill("worker-fast"), kill("scheduler")],
    "verify is sent": [kill_children("web")],
    "plan is sent": [die_at("K2"), kill("valkey")],
    "DL-14 is about to run out": [kill(name) for name in PROCESSES],
    "close is sent": [kill("web", after=0.05)],
    "F-06 is being made": [kill_at_work("render_document", "worker-pdf")],
    "F-07 is asked for": [kill("worker-pdf"), kill("valkey")],
}


# Telling it ----------------------------------------------------------------------------------------------------------


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server, started, and stopped cleanly when all went well."""
    try:
        server.start()
        yield server
        assert server.stop() == 0, server.text[-2000:]
    except AssertionError as error:
        error.add_note(server.text[-6000:])
        raise
    finally:
        server.end()


def tell(server: Server, trouble: Trouble | None = None) -> Story:
    """Let the people do everything, and look at what has come of it."""
    story = Story(server, trouble)
    story.import_ledger()
    story.take_the_call()
    story.carry_to_closed()
    for form, said in story.print_forms().items():
        assert CUSTOMER in said and story.number in said, f"{form}: {said[:500]}"
    server.set_clock("2026-11-27 09:00")
    wait_until(lambda: server.rows(DIGEST_SENT), 90, "the scheduler never noticed the last morning", every=0.5)
    wait_until(lambda: not server.rows(UNDONE), 90, "some work is left", every=0.5)
    check_facts(server, story)
    broken = [result for result in server.report("verify", "--json") if not result["ok"]]
    assert not broken
    checked = server.command("audit", "check")
    assert checked.returncode == 0 and "every link holds" in checked.stdout, checked.stderr
    return story


DIGEST_SENT = "SELECT 1 FROM slot WHERE schedule = 'morning-digest' AND key = '2026-11-27' AND state = 'DONE'"
UNDONE = """
    SELECT kind, state, last_error FROM outbox WHERE state <> 'DONE' AND NOT (kind = 'miss_report' AND state = 'PENDING')
    UNION ALL SELECT schedule, state, key FROM slot WHERE state = 'DUE'
"""
"""Whether a report is late is looked at when its hour has come, in the evening."""


def check_facts(server: Server, story: Story) -> None:
    """One complaint with its one breach; nobody was told anything twice, nobody was left out."""
    assert server.rows(
        "SELECT number, state, round_no FROM complaint WHERE NOT is_historical"
    ) == [(story.number, "CLOSED", 1)]  # fmt: skip
    assert server.rows("SELECT count(*) FROM consultation") == [(1,)]
    assert server.rows("SELECT state FROM import_run ORDER BY number") == [("DONE",), ("DONE",)]
    counted = ("customer", "project", "contract", "complaint")
    assert {table: server.rows(f"SELECT count(*) FROM {table}")[0][0] for table in counted} == LEDGER_HOLDS
    assert server.rows("SELECT code, late_minutes FROM deadline_breach WHERE record_kind = 'complaints'") == [
        ("DL-10", 60)
    ]
    assert sorted(server.rows(
        'SELECT "user".username, task.code, notice.level FROM notice JOIN task ON task.id = notice.task_id '
        'JOIN "user" ON "user".id = notice.user_id WHERE task.record_kind <> \'report-runs\''
    )) == NOTICES  # fmt: skip
    steps = server.rows("SELECT count(*) FROM notice WHERE key LIKE 'step:complaints:%:register:%'")
    assert steps == [(1,)]
    history = server.rows(
        "SELECT action, count(*) FROM event WHERE record_kind = 'complaints' AND record_number = :number "
        "AND kind IN ('CREATED', 'TRANSITION') GROUP BY action", number=story.number,
    )  # fmt: skip
    assert dict(history) == dict.fromkeys(("register", "hand-over", "verify", "plan", "visit", "close"), 1)


# The runs ------------------------------------------------------------------------------------------------------------


def copied(fresh: Path, folder: Path) -> Path:
    """A data folder of this test."""
    shutil.copytree(fresh, folder / "home")
    return folder / "home"


@pytest.fixture
def server(request: pytest.FixtureRequest, fresh: Path, tmp_path: Path) -> Iterator[Server]:
    """`portal serve` with all it brings along, or the separate commands on PostgreSQL and Redis."""
    if request.param == "embedded":
        yield Server(copied(fresh, tmp_path), BEGINS)
        return
    (tmp_path / "home").mkdir()
    with databases.postgresql_database(f"portal_story_{os.getpid()}", migrate=False) as url:
        made = Commands(tmp_path / "home", BEGINS, PORTAL_DATABASE_URL=url, PORTAL_REDIS_URL=REDIS)
        made.prepare()
        yield made
    store = queue.client(REDIS, timeout_seconds=5)
    store.delete("rq:left-behind", *store.scan_iter("rq:*"))


@pytest.mark.parametrize("server", KINDS, indirect=True)
def test_from_the_ledger_to_the_signed_file(server):
    with running(server):
        story = tell(server)
        assert not any(person.broken for person in story.people.values())


@pytest.mark.faults
def test_whoever_is_killed_it_ends_the_same(fresh, tmp_path):
    home = copied(fresh, tmp_path)
    faults = ",".join(f"{point}=kill@{fault_file(home, point)}" for point in ("K1", "K2"))
    with running(Server(home, BEGINS, PORTAL_FAULTS=faults)) as server:
        story = tell(server, TROUBLE)
        assert not story.trouble, "every blow fell"
        assert not [point for point in ("K1", "K2") if fault_file(home, point).exists()]
        assert not [name for name in PROCESSES if f"{name} was killed by signal 9" not in server.text]
        assert sum(person.broken for person in story.people.values()) >= 3, "requests were cut off"
