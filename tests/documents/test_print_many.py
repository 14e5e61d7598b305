"""One form of many records as one file: in order, each once, with the rights of the moment it is made and handed out."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from sqlalchemy import func, select, update

from jobs import outbox as delivery
from portal import faults
from portal.db import session as current_session
from portal.db import transaction
from portal.documents import rendering
from portal.errors import DomainError, NotPermitted
from portal.files.store import Store
from portal.models.complaint import Complaint
from portal.models.document import Document, DocumentState, PrintRun
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.services import prints
from portal.services.exports import AT_ONCE
from tests.documents.test_documents import text_of
from tests.listing.rows import complaint

pytestmark = pytest.mark.pdf


@pytest.fixture
def store(app: Any) -> Store:
    return Store.of(app.config["PORTAL"])


@pytest.fixture
def owner(make: Any) -> User:
    return make.user(Role.SPECIALIST, name="周晓雯")


@pytest.fixture
def three(make: Any, clock: Any, owner: User) -> list[int]:
    """Three complaints, received one day after the other."""
    customer = make.customer(name="张建军", owner_id=owner.id)
    return [complaint(owner, customer, n, clock.now() + timedelta(days=n), None) for n in (1, 2, 3)]


def ask(actor: User, ids: list[int], code: str = "F-06", at: Any = None) -> int:
    with transaction() as session:
        return prints.print_many(
            session,
            code,
            ids,
            actor=session.merge(actor),
            locale="zh_Hans",
            at=at,
            words="三件",
            back="/records/complaints",
        ).id


def work(kind: str = "print_many") -> int:
    current_session().rollback()
    waiting = select(Outbox.id).where(Outbox.kind == kind, Outbox.state == OutboxState.PENDING)
    ids = list(current_session().scalars(waiting))
    current_session().rollback()
    return sum(delivery.deliver(number) for number in ids)


def fetched(run_id: int) -> PrintRun:
    current_session().rollback()
    found = current_session().get_one(PrintRun, run_id)
    current_session().refresh(found)
    return found


def choose(client: Any, ids: list[int], **more: Any) -> Any:
    sent = {"kind": "complaints", "rows": "filter=&sort=received", "form": "F-06", "id": [str(each) for each in ids]}
    return client.post("/records/prints", sent | more, check=False)


# The file ------------------------------------------------------------------------------------------------------------


def test_chosen_rows_become_one_file_in_the_order_of_the_list(sign_in, owner, three, store, clock):
    browser = sign_in(owner)
    path = choose(browser, [three[2], three[0], three[1]]).headers["Location"]
    waiting = browser.get(path, status=200).text
    assert "hx-get" in waiting and "http-equiv" in waiting and "已选 3" in waiting
    assert browser.get(f"{path}/file", check=False).status_code == 404
    assert work() == 1
    run = fetched(int(path.rsplit("/", 1)[1]))
    assert (run.state, run.left_out, run.done) == (DocumentState.DONE, [], 3)
    content = store.read(run.sha256)
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert len(reader.pages) == run.page_count and len(content) == run.size
    assert [entry.title for entry in reader.outline] == ["TS-2026-0001", "TS-2026-0002", "TS-2026-0003"]
    firsts = [reader.get_destination_page_number(entry) for entry in reader.outline]
    for number, first in enumerate(firsts, start=1):
        assert f"TS-2026-000{number}" in reader.pages[first].extract_text(), "each form begins on a page of its own"
    browser.get(f"{path}/progress", status=303)
    ready = browser.get(path, status=200).text
    assert f"{path}/file" in ready and "3 张" in ready and "http-equiv" not in ready
    file = browser.get(f"{path}/file?download=1", status=200, check=False)
    assert file.data == content and "attachment" in file.headers["Content-Disposition"]
    assert file.mimetype == "application/pdf" and "sandbox" in file.headers["Content-Security-Policy"]
    assert browser.get(f"{path}/file", headers={"Range": "bytes=0-3"}, check=False).data == b"%PDF"
    printed = current_session().scalars(select(Event).where(Event.kind == EventKind.PRINT).order_by(Event.id)).all()
    assert [(item.actor_id, item.record_number) for item in printed] == [
        (owner.id, f"TS-2026-000{number}") for number in (1, 2, 3)
    ]


def test_all_that_match_become_one_file(sign_in, owner, three):
    path = choose(sign_in(owner), [], all="1").headers["Location"]
    assert work() == 1
    assert fetched(int(path.rsplit("/", 1)[1])).record_ids == three


def test_what_was_made_is_not_made_again(owner, three, clock, monkeypatch):
    with transaction() as session:
        assert session.scalar(select(func.count(Document.id))) == 0
    first = ask(owner, three, at=clock.now())
    work()
    printed = []
    monkeypatch.setattr(rendering, "render_pdf", lambda *arguments: printed.append(arguments))
    clock.advance(minutes=40)
    assert work("render_document") == 3 and printed == [], "what waits for a worker that died finds all done"
    second = ask(owner, list(reversed(three)), at=clock.now())
    work()
    assert printed == [] and second != first
    assert fetched(second).document_ids == list(reversed(fetched(first).document_ids))


def test_asked_for_again_while_it_is_made_it_is_the_same(owner, three, clock):
    assert ask(owner, three, at=clock.now()) == ask(owner, three, at=clock.now())
    with transaction() as session:
        assert session.scalar(select(func.count(Outbox.id)).where(Outbox.kind == "print_many")) == 1


def test_a_worker_that_died_in_the_middle_is_followed_by_another(owner, three, clock, monkeypatch, store):
    run_id, made, real = ask(owner, three, at=clock.now()), [], rendering.render_pdf
    monkeypatch.setattr(rendering, "render_pdf", lambda *arguments: made.append(1) or real(*arguments))

    class Death(BaseException):
        pass

    def die(mark: str) -> None:
        if mark == "K7" and len(made) == 2:
            raise Death

    with monkeypatch.context() as dying, pytest.raises(Death):
        dying.setattr(faults, "reach", die)
        work()
    assert fetched(run_id).state == DocumentState.RENDERING
    with transaction() as session:
        session.execute(update(Outbox).where(Outbox.kind == "print_many").values(state=OutboxState.PENDING))
    work()
    assert fetched(run_id).state == DocumentState.DONE and len(made) == 3
    named = set(current_session().scalars(select(Document.sha256))) | {fetched(run_id).sha256}
    assert {kept.sha256 for kept in store.all()} == named


# Who may -------------------------------------------------------------------------------------------------------------


def test_what_is_no_longer_theirs_is_left_out_and_said(sign_in, owner, three, clock, make):
    browser, branch, other = sign_in(owner), make.branch(), make.branch()
    path = choose(browser, three).headers["Location"]
    with transaction() as session:
        session.execute(update(User).where(User.id == owner.id).values(branch_id=branch.id))
        session.execute(update(Complaint).values(branch_id=branch.id))
        elsewhere = {"branch_id": other.id, "owner_id": None}
        session.execute(update(Complaint).where(Complaint.id == three[1]).values(**elsewhere))
    work()
    run = fetched(int(path.rsplit("/", 1)[1]))
    assert [item["id"] for item in run.left_out] == [three[1]] and len(run.document_ids) == 2
    told = browser.get(path, status=200).text
    assert "未包含：" in told and "TS-2026-0002" not in told


def test_a_finished_file_goes_with_the_rights(sign_in, owner, three, clock, make):
    browser, here, there = sign_in(owner), make.branch(), make.branch()
    path = choose(browser, three).headers["Location"]
    work()
    browser.get(f"{path}/file", status=200, check=False)
    with transaction() as session:
        session.execute(update(User).where(User.id == owner.id).values(branch_id=here.id))
        session.execute(update(Complaint).values(branch_id=here.id))
        elsewhere = {"branch_id": there.id, "owner_id": None}
        session.execute(update(Complaint).where(Complaint.id == three[0]).values(**elsewhere))
    assert browser.get(f"{path}/file", check=False).status_code == 409
    told = browser.get(path, status=200).text
    assert f"{path}/file" not in told and f"{path}/retry" in told
    clock.advance(minutes=1)
    browser.post(f"{path}/retry", status=303)
    work()
    assert f"{path}/file" in browser.get(path, status=200).text
    assert "TS-2026-0001" not in text_of(browser.get(f"{path}/file", check=False).data)


def test_it_is_of_whoever_asked(sign_in, owner, three):
    path = choose(sign_in(owner), three).headers["Location"]
    work()
    for role in (Role.MANAGER, Role.SPECIALIST):
        for tail in ("", "/file", "/progress"):
            assert sign_in(role).get(path + tail, check=False).status_code == 404
    assert choose(sign_in(Role.SPECIALIST), three, form="F-07").status_code == 403
    assert choose(sign_in(Role.SPECIALIST), three, form="F-20").status_code == 404
    assert choose(sign_in(Role.REPAIR_CAPTAIN), three).status_code in (403, 422)


def test_who_may_no_longer_sign_in_gets_no_file(owner, three, clock, store):
    run_id = ask(owner, three, at=clock.now())
    with transaction() as session:
        session.get_one(User, owner.id).disabled_at = clock.now()
    work()
    assert fetched(run_id).state == DocumentState.FAILED and list(store.all()) == []


# What goes wrong -----------------------------------------------------------------------------------------------------


def test_a_form_that_cannot_be_made_is_left_out(owner, three, clock, monkeypatch):
    run_id, real, seen = ask(owner, three, at=clock.now()), rendering.render_pdf, []

    def second_breaks(*arguments: Any) -> Any:
        seen.append(1)
        if len(seen) == 2:
            raise rendering.PdfError(rendering.TOO_LONG, "slow")
        return real(*arguments)

    monkeypatch.setattr(rendering, "render_pdf", second_breaks)
    work()
    run = fetched(run_id)
    assert (run.state, len(run.document_ids)) == (DocumentState.DONE, 2)
    assert [(item["id"], item["reason"]["message"]) for item in run.left_out] == [
        (three[1], rendering.TOO_LONG.message)
    ]


def test_none_is_said(owner, three, clock, sign_in, monkeypatch):
    def breaks(*_arguments: Any) -> Any:
        raise rendering.PdfError(rendering.TOO_BIG, "big")

    run_id = ask(owner, three, at=clock.now())
    with monkeypatch.context() as broken:
        broken.setattr(rendering, "render_pdf", breaks)
        work()
    assert fetched(run_id).state == DocumentState.FAILED
    browser = sign_in(owner)
    assert "一张也没能生成" in browser.get(f"/records/prints/{run_id}", status=200).text
    clock.advance(minutes=1)
    browser.post(f"/records/prints/{run_id}/retry", status=303)
    work()
    assert fetched(run_id).state == DocumentState.DONE


def test_nothing_too_much_and_too_much_at_once(owner, three, clock, sign_in):
    browser = sign_in(owner)
    assert choose(browser, []).status_code == 422
    assert choose(browser, [999_999]).status_code == 422
    for order in range(AT_ONCE):
        ask(owner, three[order:], at=clock.now())
    with pytest.raises(DomainError) as refused:
        ask(owner, three[:1], at=clock.now())
    assert refused.value.status == 429
    with transaction() as session:
        session.add(SettingValue(key="print_max_forms", value=2, updated_at=clock.now()))
    answer = choose(browser, three)
    assert answer.status_code == 422 and "2" in answer.text
    with pytest.raises(NotPermitted):
        ask(owner, three[:1], code="F-07", at=clock.now())


def test_files_whose_time_is_over_are_cleared_away(owner, three, clock, store):
    run_id = ask(owner, three, at=clock.now())
    work()
    sha256 = fetched(run_id).sha256
    with transaction() as session:
        assert prints.expired(session, at=clock.now()).ids == []
        gone = prints.expired(session, at=clock.now() + timedelta(days=8))
    assert (gone.ids, gone.contents) == ([run_id], {sha256}), "the forms of the register stay"
