"""Forms of real records: asked for, made by the worker, handed out to who may have them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from sqlalchemy import func, select

from jobs import documents as job
from jobs import outbox as delivery
from portal import clock as portal_clock
from portal import i18n
from portal.db import session as current_session
from portal.db import transaction
from portal.documents import rendering
from portal.errors import DomainError, NotFound, NotPermitted
from portal.files.store import Store
from portal.models.complaint import Complaint
from portal.models.document import Document, DocumentState
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.permissions import Role
from portal.services import complaints, consultations, documents
from portal.services.documents import BUILDERS
from tests.documents import world
from tests.factories import Make

pytestmark = pytest.mark.pdf


@pytest.fixture
def store(app: Any) -> Store:
    return Store.of(app.config["PORTAL"])


@pytest.fixture
def ask(store: Store, clock: Any) -> Callable[..., int]:
    def request(complaint: Complaint, code: str = "F-06", by: User | None = None, locale: str = "zh_Hans") -> int:
        with transaction() as session:
            record = session.get_one(Complaint, complaint.id)
            return documents.request(
                session,
                documents.FORMS[code],
                record,
                actor=by or record.owner,
                locale=locale,
                at=clock.now(),
                store=store,
            ).id

    return request


def work() -> int:
    """Deliver what waits for the pdf worker; how many pieces of work that was."""
    waiting = select(Outbox.id).where(Outbox.queue == "pdf", Outbox.state == OutboxState.PENDING)
    ids = list(current_session().scalars(waiting))
    current_session().rollback()
    return sum(delivery.deliver(number) for number in ids)


def fetched(document_id: int) -> Document:
    current_session().rollback()
    found = current_session().get_one(Document, document_id)
    current_session().refresh(found)
    return found


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("code", ["F-06", "F-07", "F-16"])
def test_a_complaint_becomes_its_papers(make: Make, clock: Any, store: Store, ask: Any, code: str) -> None:
    complaint = world.closed(make, clock)
    manager = make.user(Role.MANAGER, name="陈丽华")
    number = ask(complaint, code, by=manager)
    assert fetched(number).state == DocumentState.REQUESTED
    assert work() == 1
    document = fetched(number)
    assert (document.state, document.error) == (DocumentState.DONE, None)
    content = store.read(document.sha256)
    assert (len(content), store.verify(document.sha256)) == (document.size, True)
    text = text_of(content)
    for words in ("张建军", "HT-2026-0001", "现场灰尘大", "TS-2026-0001", "陈丽华"):
        assert words in text
    if code != "F-16":
        assert "到场清理完毕" in text and "保洁未纳入工长日检" in text and "石磊" in text
    if code == "F-07":
        assert "DL-10" in text and "按时" in text and "已结案" in text


def test_the_slip_of_the_worked_example(make: Make, clock: Any, store: Store) -> None:
    complaint = world.closed(make, clock)
    current_session().rollback()
    with i18n.use_locale("zh_Hans"):
        slip: Any = BUILDERS["F-06"](current_session(), current_session().get_one(Complaint, complaint.id), store)
    assert slip.phases == (("售中", True), ("售后", False))
    assert slip.severity == "一般性、单一部门"
    assert [item.department for item in slip.departments] == ["工程部"]
    local = [moment and portal_clock.local(moment).strftime("%m-%d %H:%M") for moment in (
        slip.handover_due_at, slip.departments[0].signed_at, slip.verify_call_at, slip.verify_due_at,
        slip.rounds[0].visit_at, slip.closed_at,
    )]  # fmt: skip
    assert local == ["05-11 13:00", "05-11 11:20", "05-11 15:00", "05-12 11:20", "05-13 14:00", "05-14 09:30"]
    assert slip.rounds[0].follow_up == "客户满意：无遗留问题。"


def test_nothing_is_printed_twice_while_nothing_changed(make: Make, clock: Any, ask: Any, monkeypatch: Any) -> None:
    complaint = world.registered(make, clock)
    first = ask(complaint)
    assert ask(complaint) == first and work() == 1
    printed = []
    monkeypatch.setattr(rendering, "render_pdf", lambda *arguments: printed.append(arguments))
    clock.advance(days=3)
    assert ask(complaint) == first and work() == 0 and printed == []
    assert ask(complaint, by=make.user(Role.MANAGER)) == first


def test_a_change_and_another_language_are_new_papers(make: Make, clock: Any, ask: Any) -> None:
    complaint = world.registered(make, clock)
    first, traditional = ask(complaint), ask(complaint, locale="zh_Hant")
    with transaction() as session:
        session.get_one(Complaint, complaint.id).demand = "立刻清理。"
    changed = ask(complaint)
    assert len({first, traditional, changed}) == 3 and work() == 3
    # The first one was made after the change: what it shows is the changed record, and it says so.
    assert fetched(first).fingerprint != fetched(changed).fingerprint
    with transaction() as session:
        session.get_one(Complaint, complaint.id).demand = "两天内彻底清理。"
    again = ask(complaint)
    assert again not in (first, changed), "the paper of the changed record is not handed out for the old words"


def test_the_job_twice_leaves_what_one_run_leaves(make: Make, clock: Any, ask: Any, store: Store, app: Any) -> None:
    number = ask(world.registered(make, clock))
    assert work() == 1
    before = fetched(number).sha256
    with transaction() as session:
        assert job.RenderDocument().prepare(session, document_id=number) is None
    with transaction() as session:
        assert job.RenderDocument().prepare(session, document_id=999) is None
    assert fetched(number).sha256 == before and len(list(store.all())) == 1


def test_a_worker_that_died_in_the_middle_is_followed_by_another(
    make: Make, clock: Any, ask: Any, store: Store
) -> None:
    number = ask(world.registered(make, clock))
    worker = job.RenderDocument()
    with transaction() as session:
        first = worker.prepare(session, document_id=number)
    worker.act(first)  # killed here: the file is there, the row does not know it
    with transaction() as session:
        second = worker.prepare(session, document_id=number)
    result = worker.act(second)
    with transaction() as session:
        worker.finish(session, second, result)
    assert fetched(number).state == DocumentState.DONE and store.has(fetched(number).sha256)


def test_who_may_no_longer_see_the_record_gets_no_paper(make: Make, clock: Any, ask: Any, store: Store) -> None:
    asking = make.user(Role.SPECIALIST)
    number = ask(world.registered(make, clock), by=asking)
    with transaction() as session:
        session.get_one(User, asking.id).disabled_at = clock.now()
    assert work() == 1
    document = fetched(number)
    assert document.state == DocumentState.FAILED and list(store.all()) == []
    with i18n.use_locale("zh_Hans"):
        assert i18n.gettext(document.error) == "申请人已无权查看此记录，文件未生成。"


def test_a_paper_that_cannot_be_made_says_so_and_can_be_asked_for_again(
    make: Make, clock: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = world.registered(make, clock)

    def refuse(*_arguments: object) -> None:
        raise rendering.PdfError(rendering.TOO_LONG, "slow")

    with monkeypatch.context() as broken:
        broken.setattr(rendering, "render_pdf", refuse)
        number = ask(complaint)
        assert work() == 1
    assert fetched(number).state == DocumentState.FAILED and "时间过长" in i18n.gettext(fetched(number).error)
    clock.advance(minutes=1)
    assert ask(complaint) == number and work() == 1
    assert fetched(number).state == DocumentState.DONE


def test_a_file_gone_from_the_store_is_made_again(make: Make, clock: Any, ask: Any, store: Store, sign_in: Any) -> None:
    complaint = world.registered(make, clock)
    number = ask(complaint)
    work()
    store.path(fetched(number).sha256).unlink()
    clock.advance(minutes=1)
    answer = sign_in(Role.MANAGER).post(f"/records/complaints/{complaint.number}/documents/F-06", status=303)
    assert answer.location.endswith(f"/documents/{number}") and work() == 1
    assert store.has(fetched(number).sha256)


# Who may --------------------------------------------------------------------------------------------------------------


def test_only_the_manager_prints_the_complaint_file(make: Make, clock: Any) -> None:
    complaint = world.registered(make, clock)
    specialist, manager = make.user(Role.SPECIALIST), make.user(Role.MANAGER)
    with transaction() as session:
        form = documents.FORMS["F-07"]
        assert documents.find_record(session, manager, form, number=complaint.number).id == complaint.id
        with pytest.raises(NotPermitted):
            documents.find_record(session, specialist, form, number=complaint.number)
        record = session.get_one(Complaint, complaint.id)
        assert [item.code for item in documents.forms_for(specialist, record)] == ["F-06", "F-16"]
        assert [item.code for item in documents.forms_for(manager, record)] == ["F-06", "F-07", "F-16"]


def test_the_front_desk_prints_the_registration_it_took_and_no_other(make: Make, clock: Any) -> None:
    desk = make.user(Role.FRONT_DESK)
    complaint = world.registered(make, clock)
    with transaction() as session:
        form = documents.FORMS["F-16"]
        with pytest.raises(NotFound):
            documents.find_record(session, desk, form, number=complaint.number)
        session.get_one(Complaint, complaint.id).received_by_id = desk.id
        session.flush()
        assert documents.find_record(session, desk, form, number=complaint.number).id == complaint.id
        with pytest.raises(NotFound):
            documents.find_record(session, desk, documents.FORMS["F-06"], number=complaint.number)


# Pages ----------------------------------------------------------------------------------------------------------------


def test_from_the_button_to_the_file(make: Make, clock: Any, sign_in: Any, app: Any) -> None:
    owner = make.user(Role.SPECIALIST, name="周晓雯")
    complaint = world.registered(make, clock, owner)
    browser = sign_in(owner)
    answer = browser.post(f"/records/complaints/{complaint.number}/documents/F-06", status=303)
    path = answer.headers["Location"]
    waiting = browser.get(path, status=200)
    assert "hx-get" in waiting.text and "http-equiv" in waiting.text
    assert browser.get(f"{path}/file", check=False).status_code == 404
    assert browser.get(f"{path}/progress", htmx=True, status=200).text.count("<h1") == 0
    work()
    ready = browser.get(f"{path}/progress", htmx=True, status=200).text
    assert f"{path}/file" in ready and "hx-get" not in ready and "1 页" in ready
    file = browser.get(f"{path}/file", status=200, check=False)
    assert file.data.startswith(b"%PDF") and file.mimetype == "application/pdf"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert "F-06-TS-2026-0001.pdf" in file.headers["Content-Disposition"]
    again = browser.get(f"{path}/file", headers={"If-None-Match": file.headers["ETag"]}, check=False)
    part = browser.get(f"{path}/file", headers={"Range": "bytes=0-3"}, check=False)
    assert (again.status_code, part.status_code, part.data) == (304, 206, b"%PDF")
    prints = current_session().scalars(select(Event).where(Event.kind == EventKind.PRINT)).all()
    assert [(item.actor_id, item.record_number, item.data["form"]) for item in prints] == [
        (owner.id, "TS-2026-0001", "F-06")
    ]
    assert current_session().scalar(select(func.sum(Document.print_count))) == 1


def test_a_document_does_not_exist_for_who_may_not_see_its_record(make: Make, clock: Any, sign_in: Any) -> None:
    here, there = make.branch(), make.branch()
    owner = make.user(Role.SPECIALIST, branch_id=here.id)
    complaint = world.registered(make, clock, owner, branch_id=here.id)
    path = sign_in(owner).post(f"/records/complaints/{complaint.number}/documents/F-06", status=303).headers["Location"]
    work()
    strangers = [
        sign_in(Role.SPECIALIST, branch_id=there.id),
        sign_in(Role.FRONT_DESK),
        sign_in(Role.REVIEWER),
        sign_in(Role.REPAIR_CAPTAIN),
    ]
    for browser in strangers:
        for tail in ("", "/file", "/progress"):
            answer = browser.get(path + tail, check=False)
            assert answer.status_code == 404 and "张建军" not in answer.text, (browser.user.role, tail)
        assert browser.post(f"{path}/retry", check=False).status_code == 404
        assert browser.post(f"/records/complaints/{complaint.number}/documents/F-06", check=False).status_code == 404


def test_the_complaint_file_is_the_managers(make: Make, clock: Any, sign_in: Any) -> None:
    owner = make.user(Role.SPECIALIST)
    complaint = world.closed(make, clock, owner)
    address = f"/records/complaints/{complaint.number}/documents/F-07"
    path = sign_in(Role.MANAGER).post(address, status=303).headers["Location"]
    work()
    specialist = sign_in(owner)
    assert specialist.post(address, check=False).status_code == 403
    assert specialist.get(f"{path}/file", check=False).status_code == 404


@pytest.mark.parametrize("address", ["complaints/TS-2026-0001/documents/F-99", "customers/TS-2026-0001/documents/F-06"])
def test_forms_that_are_none_are_not_found(make: Make, clock: Any, sign_in: Any, address: str) -> None:
    owner = make.user(Role.SPECIALIST)
    world.registered(make, clock, owner)
    sign_in(owner).post(f"/records/{address}", status=404)


def test_a_visitor_gets_the_customer_form_and_a_caller_does_not(make: Make, clock: Any, store: Store) -> None:
    desk, customer = make.user(Role.FRONT_DESK, name="李敏"), make.customer(name="张建军", style="现代简约")
    with transaction() as session:
        numbers = {}
        for channel in ("VISIT", "PHONE"):
            command = consultations.LogContact(
                channel, "CONSULT", "张建军", customer.phone, "想做开放式厨房", clock.now(),
                customer=session.merge(customer), budget=Decimal("170000"), layout="三室两厅",
                handover_on=date(2026, 6, 20), wanted_start_on=date(2026, 7, 1),
            )  # fmt: skip
            numbers[channel] = consultations.log(session, command, actor=session.merge(desk), at=clock.now()).number
    with transaction() as session, i18n.use_locale("zh_Hans"):
        form = documents.FORMS["F-14"]
        visit = documents.find_record(session, desk, form, number=numbers["VISIT"])
        assert [item.code for item in documents.forms_for(desk, visit)] == ["F-14"]
        sheet: Any = BUILDERS["F-14"](session, visit, store)
        assert (sheet.style, sheet.budget, sheet.received_by) == ("现代简约", Decimal("170000.00"), "李敏")
        asked = (sheet.layout, sheet.handover_on, sheet.wanted_start_on)
        assert asked == ("三室两厅", date(2026, 6, 20), date(2026, 7, 1))
        assert ("到店", True) in sheet.sources and sheet.needs == "想做开放式厨房"
        with pytest.raises(DomainError, match="不是来访"):
            documents.find_record(session, desk, form, number=numbers["PHONE"])


def test_an_escalated_case_shows_what_the_manager_was_told(make: Make, clock: Any, ask: Any, store: Store) -> None:
    complaint = world.registered(make, clock)
    with transaction() as session:
        record = session.get_one(Complaint, complaint.id)
        texts = "搬运未做成品保护", "已致歉两次", "要求赔偿五千元"
        complaints.escalate(
            session, record, complaints.Escalate("COMPENSATION", *texts), actor=record.owner, at=clock.now()
        )
    number = ask(complaint, "F-07", by=make.user(Role.MANAGER))
    assert work() == 1
    text = text_of(store.read(fetched(number).sha256))
    for words in ("SJ-2026-0001", "搬运未做成品保护", "已致歉两次", "要求赔偿五千元", "已升级"):
        assert words in text
    for words in ("客户要求赔偿或主张损失", "承担方", "赔偿合计"):  # the ground, and boxes for what is not decided yet
        assert words in text
    assert text.count("已致歉两次") == 1
