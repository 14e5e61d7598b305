"""The manager's board: what is about to be missed, and each number, point and share the very rows behind it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from portal import metrics
from portal.db import session as db_session
from portal.db import transaction
from portal.metrics import Company, lists
from portal.models.task import DeadlineBreach, Task, TaskKind
from portal.permissions import Role
from portal.services import boards, review_figures, tasks, tiles, workload
from tests.metrics import may


@pytest.fixture
def clocks_of(session, make, clock):
    """Clocks due so many minutes from now; met so many minutes after they were due when `met` is given."""
    now, numbers = clock.now(), iter(range(1, 1000))

    def build(minutes: float, *, met: float | None = None, department: str | None = None, **more: Any) -> int:
        number, due_at = next(numbers), now + timedelta(minutes=minutes)
        with transaction() as writing:
            task = Task(
                kind=TaskKind.DEADLINE, code="DL-11", title="Department calls the customer", record_kind="complaints",
                record_id=number, record_number=f"TS-2026-{number:04}", customer_name=f"客户{number}", role="SPECIALIST",
                department=department, started_at=due_at - timedelta(days=1), due_at=due_at, warn_at=due_at,
                next_check_at=due_at, **more,
            )  # fmt: skip
            writing.add(task)
            writing.flush()
            if met is not None:
                done = due_at + timedelta(minutes=met)
                tasks.close(writing, task, happened_at=done, at=done, actor=None)
            return task.id

    return build


def rows(client: Any, url: str) -> int:
    return client.get(url, status=200).text.count('<tr class="line"')


def test_the_cockpit_holds_what_falls_due_in_a_quarter_of_an_hour_soonest_first(
    sign_in, make, session, clocks_of, clock
):
    who = make.user(Role.SPECIALIST, name="安妮")
    late, last, first, too_far = (clocks_of(minutes) for minutes in (-1, 14, 0, 15))
    mine = clocks_of(7)
    clocks_of(5, closed_at=clock.now(), outcome="DONE")
    with transaction() as writing:
        task = writing.get(Task, mine)
        task.person_id, task.role = who.id, None
    client = sign_in(Role.MANAGER)
    part = client.get("/manager/cockpit", status=200, headers={"HX-Request": "true"}).text
    named = re.findall(r'class="who" href="[^"]+">([^<]+)', part)
    assert named == [f"客户{number}" for number in (first, mine, last)]
    assert "安妮" in part and "客服专员" in part and "<html" not in part
    assert rows(client, "/records/tasks?filter=open,near") == 3
    assert f"客户{late}<" not in part and f"客户{too_far}<" not in part
    home = client.get("/manager/").text
    assert 'hx-get="/manager/cockpit" hx-trigger="every 60s"' in home and "data-still" in home


def test_the_cockpit_shows_a_branch_only_its_own(sign_in, make, session, clocks_of, clock):
    home, other = make.branch(), make.branch()
    clocks_of(3, branch_id=other.id)
    boss = make.user(Role.MANAGER, branch=home)
    assert workload.near_lines(db_session(), boss, clock.now(), 9) == []


def test_each_number_of_the_departments_opens_so_many_rows(sign_in, session, clocks_of):
    clocks_of(-60, department="ENGINEERING")
    clocks_of(-60)
    clocks_of(60, department="ENGINEERING")
    clocks_of(60, department="SERVICE")
    clocks_of(60 * 40)
    for met in (-5, -4, 0.5, 30):
        clocks_of(-120, met=met)
    client = sign_in(Role.MANAGER)
    text = client.get("/manager/", status=200).text
    links = [
        (unescape(url), said)
        for url, said in re.findall(r'href="([^"]+)"[^>]*>([^<]+)</a>', text)
        if "filter=open," in url
    ]
    counted = [(url, int(said)) for url, said in links if said.isdigit()]
    assert len(counted) >= 4
    for url, number in counted:
        assert rows(client, url) == number, url
    ours = next(url for url, said in links if said == "客服部")
    assert rows(client, ours) == 3
    share, whole = re.search(r'href="([^"]+outcome\.DONE,ours[^"]+)"[^>]*>([\d.]+)%', text).groups()
    assert whole == "75.0", "half a minute late is in time, as M-23 to M-26 have it"
    assert rows(client, unescape(share)) == 4


def test_in_time_is_the_same_everywhere(sign_in, make, session, clocks_of, clock):
    """The share on the board, the metric's rule, the list of what was missed."""
    ids = [clocks_of(-120, met=met) for met in (-5, 0.5, 1, 30)]
    clocks_of(-60)
    with transaction() as writing:
        tasks.sweep(writing, clock.now())
    boss = sign_in(Role.MANAGER)
    loads = boards.loads(db_session(), boss.user, clock.now())
    assert [(load.key, load.on_time) for load in loads.departments] == [("SERVICE", 0.5)]
    kept = db_session().query(Task.id).filter(Task.id.in_(ids), metrics.clocks.KEPT).count()
    assert kept == 2
    assert rows(boss, "/records/tasks?filter=done,missed") == 2
    assert rows(boss, "/records/tasks?filter=open,missed") == 1
    assert db_session().query(DeadlineBreach).count() == 4, "half a minute late is recorded all the same"


def test_points_of_the_charts_are_the_figures_of_the_metrics_and_open_their_records(make, clock, sign_in):
    may.tell(make, clock)
    client = sign_in(Role.MANAGER)
    at = clock.now()
    periods = boards.weeks(at)
    assert (len(periods), periods[-1].first.weekday()) == (12, 0)
    for which, wanted in boards.TRENDS.items():
        page = client.get(f"/manager/weeks/{which}", status=200).text
        assert 'class="plot-scroll from-newest"' in page
        for track, (key, side) in zip(boards.trend(db_session(), client.user, which, at), wanted, strict=True):
            assert (track.key, track.side) == (key, side)
            for period, value in zip(periods, track.values, strict=True):
                figure = metrics.measure(db_session(), Company(), key, period)
                told = {"": figure.value, "part": figure.part, "whole": figure.whole or figure.part}[side]
                assert value == told, (key, period)
                url = lists.path(key, side or "whole", period)
                if value is not None:
                    assert url.replace("&", "&amp;") in page
                    if side:
                        assert rows(client, url) == value
    assert any(value for track in boards.trend(db_session(), client.user, "trend", at) for value in track.values)
    client.get("/manager/weeks/nonsense", status=404)


def test_charts_of_weeks_open_at_the_newest_one_on_the_phone():
    """A box that runs from the right stands at its end from the start; what is drawn in it runs from the left."""
    css = Path(__file__).parents[2] / "static" / "css"
    for name, box in (("records", ".plot-scroll.from-newest"), ("reports", ".report .plot-box")):
        rules = (css / f"{name}.css").read_text(encoding="utf-8")
        assert re.search(re.escape(box) + r"(, [^{}]*)? \{ direction: rtl;", rules), name
        assert re.search(re.escape(box) + r" > svg(, [^{}]*)? \{ direction: ltr;", rules), name


def test_the_designers_add_up_to_the_metrics(make, clock, sign_in):
    """M-02 by designer, M-01: the panels count what the metrics count."""
    may.tell(make, clock)
    user = sign_in(Role.MANAGER).user
    start, end = may.MAY.start, may.MAY.end
    found = metrics.measure_all(db_session(), user, ("M-01", "M-02"), may.MAY)
    people = review_figures.by_designer(db_session(), user, start, end)
    sums = (sum(each.passed for each in people), sum(each.decided for each in people))
    assert sums == (found["M-02"].part, found["M-02"].whole) and sums[1]
    assert review_figures.submitted(db_session(), user, start, end) == found["M-01"].value


def test_a_chart_is_one_question(sign_in, session, clock, queries):
    user, at = sign_in(Role.MANAGER).user, clock.now()
    for which in boards.TRENDS:
        assert user.role == Role.MANAGER
        with queries() as seen:
            boards.trend(db_session(), user, which, at)
        assert len(seen) == 1, which


def test_tiles_of_every_role_count_what_their_lists_show(sign_in, session, make, clocks_of, clock):
    for minutes in (-30, 3, 14, 20, 60 * 12, 60 * 30):
        clocks_of(minutes)
    client = sign_in(Role.MANAGER)
    found = [tile for tile in tiles.DEFAULTS[Role.MANAGER] if tile.kind == "tasks"]
    counts = tiles.counted(db_session(), client.user, found, at=clock.now())
    for tile, (number, _capped) in zip(found, counts, strict=True):
        assert rows(client, tile.url) == number, tile.key


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
def test_only_the_manager_may(sign_in, role):
    client = sign_in(role)
    for path in ("/manager/cockpit", "/manager/weeks/trend"):
        client.get(path, status=403)
