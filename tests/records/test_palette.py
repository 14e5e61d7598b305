"""The palette: actions by initials, what can be done with the record of the page, what was opened lately; all by rights."""

from __future__ import annotations

import re
from time import perf_counter

import pytest
from sqlalchemy import select

from blueprints.records.palette import fits
from portal.models.repair import RepairOrder
from portal.paths import record_path
from portal.permissions import Role
from portal.services import search

PALETTE = "/records/palette"


def offered(client, text="", *, on="", recent=""):
    """(label, url, sent) of each thing the dialog offers."""
    headers = {"HX-Current-URL": f"http://localhost{on}"} if on else {}
    query = {"q": text, "recent": recent}
    shown = client.get(PALETTE, query=query, htmx=True, check=False, status=200, headers=headers).text
    found = re.findall(r'href="([^"]*)"( data-send="[^"]*")?>.*?<span>([^<]*)</span>', shown)
    return [(label, url, bool(sent)) for url, sent, label in found]


@pytest.mark.parametrize(
    ("typed", "said", "rate"),
    [
        ("登记", "登记投诉", 4), ("投诉", "登记投诉", 3), ("djts", "登记投诉", 2), ("dengji", "登记投诉", 2),
        ("ts", "登记投诉", 1), ("tousu", "登记投诉", 1), ("djtousu", "登记投诉", 1), ("xyz", "登记投诉", 0),
        ("nc", "New customer", 2), ("new c", "New customer", 4), ("ncust", "New customer", 1), ("", "x", 3), ("，", "x", 0),
    ],
)  # fmt: skip
def test_names_are_typed_in_many_ways(typed, said, rate):
    assert (fits(typed, said) > 0) == (rate > 0)
    if typed and rate in (2, 3, 4):
        assert fits(typed, said) == rate


@pytest.mark.parametrize("role", Role)
def test_actions_of_every_role_open(sign_in, role):
    client = sign_in(role)
    found = offered(client)
    assert any(url == "/records/dashboard" for _label, url, _sent in offered(client, "调整"))
    for label, url, sent in found:
        if not sent:
            client.get(url, status=200)
        assert label
    assert ("外观：深色", "/account/preferences", True) in offered(client, "外观")
    registers = any(url == "/records/complaints/new" for _label, url, _sent in offered(client, "djts"))
    assert registers == (client.get("/records/complaints/new", check=False).status_code < 400)


def test_what_can_be_done_with_the_record_of_the_page(sign_in, sample, queries):
    client, far, reviewer = sign_in(sample.specialist), sign_in(sample.far), sign_in(Role.REVIEWER)
    on = "/records/complaints/TS-2026-0001?tab=files"
    steps = [url for _label, url, _sent in offered(client, on=on) if "/steps/" in url]
    assert steps
    for url in steps:
        client.get(url, status=200)
    assert any(sent and "/documents/F-" in url for _label, url, sent in offered(client, "dy", on=on))
    assert ("/records/complaints/TS-2026-0001/talk?mode=task") in [url for _l, url, _s in offered(client, on=on)]
    for nobody in (far, reviewer):
        assert not [url for _label, url, _sent in offered(nobody, on=on) if "TS-2026-0001" in url]
    for strange in (
        "/records/complaints/TS-9999-1",
        "/records/nothing/1",
        "//evil.example/records/customers/1",
        "/x" * 400,
    ):
        assert not [url for _label, url, _sent in offered(client, on=strange) if "/records/" in url and strange in url]
    with queries() as seen:
        offered(client, "罗", on=on)
    assert len(seen) <= 15


def test_opened_lately_is_named_as_it_is_called_today_and_only_what_one_may_see(sign_in, sample, queries):
    client, far = sign_in(sample.specialist), sign_in(sample.far)
    mine = "/records/complaints/TS-2026-0001"
    strange = (
        "/records/tasks/1",
        "javascript:alert(1)",
        "/records/complaints/" + "9" * 500,
        "/records/complaints/TS-2026-0003",
        "",
    )
    sent = "\n".join([mine, *strange, "/records/consultations/ZX-1", "/records/contracts/x"])
    with queries() as seen:
        found = offered(client, recent=sent)
    urls = [url for _label, url, _sent in found]
    assert urls[0] == mine and "/records/consultations/ZX-1" in urls
    assert not {"/records/complaints/TS-2026-0003", "javascript:alert(1)"} & set(urls)
    assert len(seen) <= 15
    assert mine not in [url for _label, url, _sent in offered(far, recent=sent)]
    client.get(PALETTE, query={"recent": "\n" * 100_000 + "x" * 100_000}, check=False)


def test_what_changes_something_is_sent_as_a_form(sign_in):
    client = sign_in(Role.SPECIALIST)
    page = client.get(PALETTE, query={"q": "外观"}, status=200).text
    assert '<form method="post" action="/account/preferences">' in page and 'name="theme" value="dark"' in page
    client.get("/account/preferences", status=405, check=False)


def test_an_answer_takes_no_time(sign_in, sample):
    """Printed, never failed on: the budget of 100 ms is looked at in the benchmarks."""
    client = sign_in(Role.MANAGER)
    offered(client, "zjj")
    began = perf_counter()
    for text in ("zjj", "罗", "djts", "TS-2026", ""):
        offered(client, text, on="/records/complaints/TS-2026-0001")
    print(f"{(perf_counter() - began) * 200:.0f} ms an answer")


@pytest.mark.parametrize("role", Role)
def test_ones_own_pages_are_found_and_nothing_stands_twice(sign_in, role):
    client = sign_in(role)
    for typed, path in (("账号", "/account/"), ("密码", "/account/password"), ("qj", "/account/absences")):
        assert path in [url for _label, url, _sent in offered(client, typed)], typed
        client.get(path, status=200)
    for typed in ("登记", "新建", "dj"):
        urls = [url for _label, url, sent in offered(client, typed) if not sent]
        assert len(urls) == len(set(urls)), typed


def test_signing_out_is_an_action(sign_in):
    client = sign_in(Role.SPECIALIST)
    assert ("退出登录", "/account/sign-out", True) in offered(client, "退出")
    page = client.get(PALETTE, query={"q": "tuichu"}, status=200).text
    assert '<form method="post" action="/account/sign-out">' in page


def test_every_record_with_a_number_is_found_by_it(sign_in, sample, session):
    """In small letters too; another branch finds nothing of it, nor who may not open such records."""
    manager = sample.manager
    for model in search.NUMBERED:
        number = session.scalars(select(model.number).order_by(model.number.desc()).limit(1)).one()
        for typed in (number, number.lower()):
            found = [hit for _group, hits in search.find(session, manager, typed) for hit in hits]
            assert record_path(model.KIND, number) in [hit.url for hit in found], (model.KIND, typed)
    repair = session.scalars(select(RepairOrder.number).limit(1)).one()
    for stranger in (sample.far, sign_in(Role.REVIEWER).user):
        hits = [hit.url for _group, hits in search.find(session, stranger, repair) for hit in hits]
        assert record_path(RepairOrder.KIND, repair) not in hits
