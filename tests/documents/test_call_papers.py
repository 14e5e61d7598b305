"""F-04 shows each reader the talks that reader may see (R-20), and its file is read no longer than they are."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pypdf
import pytest
from sqlalchemy import select

from jobs import outbox as delivery
from portal import i18n
from portal.db import session, transaction
from portal.documents import round_building
from portal.errors import DomainError
from portal.files.store import Store
from portal.models.document import Document, DocumentState
from portal.models.follow_up import FollowUpCall
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.permissions import Role
from portal.processes.follow_up import CallStage
from portal.services import call_plan, calls, documents, prints
from portal.services.calls import access, scripts

pytestmark = pytest.mark.pdf


class House:
    """One household of 周晓雯, called by her at the start and by a colleague about the concealed works."""

    def __init__(self, make: Any, clock: Any, app: Any) -> None:
        self.clock, self.store = clock, Store.of(app.config["PORTAL"])
        clock.set("2026-04-08 10:00")
        self.owner = make.user(Role.SPECIALIST, name="周晓雯")
        self.other = make.user(Role.SPECIALIST, name="刘畅")
        self.manager = make.user(Role.MANAGER, name="陈丽华")
        self.project = make.project(make.customer(owner_id=self.owner.id, grade="B"), stage="IN_PROGRESS")
        self.first = self.talk(CallStage.START, self.owner, "开工顺利")
        self.second = self.talk(CallStage.CONCEALED, self.other, "隐蔽工程看过了")

    def talk(self, stage: CallStage, caller: User, words: str) -> FollowUpCall:
        at = self.clock.now()
        with transaction() as writing:
            project = writing.merge(self.project)
            call = calls.open_window(writing, project, stage, on=date(2026, 4, 8), event=project, at=at)
            call.owner = writing.merge(caller)
            script = scripts.script_for(writing, stage, "B", date(2026, 4, 8))
            good = {"YES_NO": ("YES", None), "SCORE": (None, 5), "NUMBER": ("3", None), "TEXT": ("好", None)}
            said = tuple(
                calls.Answer(
                    item["code"], "NO" if item.get("when") == "YES" else good[item["kind"]][0], good[item["kind"]][1]
                )
                for item in script.items
            )
            talk = calls.FinishCall(at, "PHONE", "CUSTOMER", "SATISFIED", said, words)
            calls.finish(writing, call, talk, actor=writing.merge(caller), at=at)
            return call

    def print(self, call: FollowUpCall, reader: User, code: str = "F-04") -> int:
        with transaction() as writing:
            form = documents.FORMS[code]
            record = documents.find_record(writing, writing.merge(reader), form, record_id=call.id)
            given = {"actor": writing.merge(reader), "locale": "zh_Hans", "at": self.clock.now(), "store": self.store}
            return documents.request(writing, form, record, **given).id

    def text(self, content: bytes) -> str:
        return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).replace("\n", "")

    def made(self, document_id: int) -> str:
        work()
        found = session().get_one(Document, document_id)
        assert found.state == DocumentState.DONE
        return self.text(self.store.read(found.sha256))


def work() -> None:
    session().rollback()
    waiting = select(Outbox.id).where(Outbox.queue == "pdf", Outbox.state == OutboxState.PENDING)
    for number in list(session().scalars(waiting)):
        session().rollback()
        delivery.deliver(number)
    session().rollback()


@pytest.fixture
def house(make, clock, app):
    return House(make, clock, app)


def test_each_reader_has_the_calls_that_reader_may_see(house, sign_in):
    for_owner, for_other = house.print(house.second, house.owner), house.print(house.second, house.other)
    assert for_owner != for_other, "a paper of what one may see is nobody else's"
    whole, part = house.made(for_owner), house.made(for_other)
    assert "开工顺利" in whole and "隐蔽工程看过了" in whole
    assert "开工顺利" not in part and "隐蔽工程看过了" in part
    by_manager = house.print(house.second, house.manager)
    assert by_manager not in (for_owner, for_other), "the same calls, and yet a paper of one's own"
    assert house.print(house.second, house.owner) == for_owner, "nothing changed: nothing is made anew"
    owner, other = sign_in(house.owner), sign_in(house.other)
    for part in ("", "/progress", "/file"):
        owner.get(f"/records/documents/{for_owner}{part}", status=200, check=False)
        other.get(f"/records/documents/{for_owner}{part}", status=404)
    assert other.post(f"/records/documents/{for_owner}/retry", status=404)
    shown = documents.of_record(session(), house.other, session().get_one(FollowUpCall, house.second.id))
    assert [each.id for each in shown] == [for_other]


def test_the_file_is_read_no_longer_than_the_calls_in_it(house, sign_in):
    with transaction() as writing:
        given = {"at": house.clock.now()}
        asked = access.ask(
            writing, writing.merge(house.project), access.AskAccess("核对"), actor=writing.merge(house.other), **given
        )
        access.decide(writing, asked, access.Decide(True, hours=24), actor=writing.merge(house.manager), **given)
        leave = asked.id
    number = house.print(house.second, house.other)
    assert "开工顺利" in house.made(number), "by leave the whole project is read"
    with transaction() as writing:
        asked = prints.print_many(
            writing, "F-04", [house.second.id], actor=writing.merge(house.other), locale="zh_Hans",
            at=house.clock.now(), words="一份", back="/records/follow-up-calls",
        )  # fmt: skip
        run = asked.id
    work()
    other = sign_in(house.other)
    other.get(f"/records/prints/{run}/file", status=200, check=False)
    other.get(f"/records/documents/{number}/file", status=200, check=False)
    house.talk(CallStage.MID, house.owner, "中期满意")
    other.get(f"/records/documents/{number}/file", status=200, check=False)  # what came later is not in it
    house.clock.advance(hours=25)
    with transaction() as writing:
        access.end(writing, leave, at=house.clock.now())
    other = sign_in(house.other)
    other.get(f"/records/documents/{number}/file", status=404)
    assert other.get(f"/records/prints/{run}/file", check=False).status_code != 200
    again = house.print(house.second, house.other)
    assert "开工顺利" not in house.made(again)
    other.get(f"/records/documents/{again}/file", status=200, check=False)


def test_a_paper_of_before_is_made_anew_before_it_is_read(house, sign_in):
    number = house.print(house.first, house.owner)
    house.made(number)
    with transaction() as writing:
        writing.get_one(Document, number).shown_ids = None
    sign_in(house.owner).get(f"/records/documents/{number}/file", status=404)


def test_f30_sums_up_a_round_of_calls_as_its_reader_may_see_it(house, make, sign_in):
    """Planned and reached, what was answered, problems and measures; a colleague's customers are not in one's own (R-20)."""
    theirs = make.project(make.customer(name="李敏", owner_id=house.other.id, grade="A"), stage="IN_WARRANTY")
    away = make.project(make.customer(name="孙丽", owner_id=house.owner.id, grade="A"), stage="IN_WARRANTY")
    with transaction() as writing:
        house.project = writing.merge(house.project)
        made = call_plan.plan_seasonal(
            writing, name="中秋问候", on=date(2026, 4, 8), grades=["A", "B"], actor=writing.merge(house.manager),
            at=house.clock.now(),
        )  # fmt: skip
        assert {call.project_id for call in made} == {house.project.id, theirs.id, away.id}
        by_project = {call.project_id: call for call in made}
        for project, caller, words, overall in (
            (house.project, house.owner, "谢谢惦记", "SATISFIED"),
            (theirs, house.other, "窗缝漏风", "UNSATISFIED"),
        ):
            call = by_project[project.id]
            script = scripts.script_for(writing, CallStage.SEASONAL, "B", date(2026, 4, 8))
            said = tuple(calls.Answer(item["code"], "YES") for item in script.items if item["kind"] == "YES_NO")
            slips = (calls.Slip("窗缝漏风", "ENGINEERING"),) if overall != "SATISFIED" else ()
            talk = calls.FinishCall(house.clock.now(), "PHONE", "CUSTOMER", overall, said, words, slips)
            calls.finish(writing, call, talk, actor=writing.merge(caller), at=house.clock.now())
        mine, foreign = by_project[house.project.id].id, by_project[theirs.id].id
    view = round_building.season(session(), session().get_one(FollowUpCall, mine), house.store, None)
    assert (view.planned, view.reached, view.waiting, view.share) == (3, 2, 1, "66.7%")
    assert [line.answered for line in view.answers] == [2, 2, 2, 0] and "2" in view.answers[0].said
    with i18n.use_locale("zh_Hans"):
        own = round_building.season(session(), session().get_one(FollowUpCall, mine), house.store, house.owner)
    assert (own.planned, own.reached, own.problems) == (2, 1, ()), "only her own customers"
    assert own.author == "周晓雯" and foreign not in own.row_ids
    for_manager = house.print(session().get_one(FollowUpCall, mine), house.manager, "F-30")
    text = house.made(for_manager)
    assert all(
        words in text for words in ("回访总结报告", "中秋问候", "66.7%", "谢谢惦记", "窗缝漏风", "工程部", "陈丽华")
    )
    with pytest.raises(DomainError):
        house.print(house.first, house.manager, "F-30")
    assert [form.code for form in documents.forms_for(house.manager, house.first)] == ["F-04"]
    menu = sign_in(house.manager).get(
        f"/records/follow-up-calls/{session().get_one(FollowUpCall, mine).number}", status=200
    )
    assert "F-30" in menu.text
