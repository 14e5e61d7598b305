"""The whole story of the foundation: the ledger comes in, a customer complains, the case is carried to a signed file.

Everything is done by people at browsers; workers and the scheduler do their part by themselves. `Trouble` strikes at
named moments of the story, and the story must not end differently for it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pypdf

from tests.faults.browser import Answer, Browser, Form
from tests.faults.server import PASSWORD, PEOPLE, Server, wait_until

LEDGER = Path(__file__).parents[1] / "imports" / "data" / "customer-ledger-2026.xlsx"
BEGINS = "2026-11-23 09:00"
"""A Monday after the ledger was written."""
CUSTOMER, PHONE = "蓝倩", "157 1955 6279"
SUBJECT = "卫生间防水渗漏"
TOLD_WITHIN_SECONDS = 60
IMPORTS = "/records/import-runs"

Trouble = Mapping[str, Sequence[Callable[[Server], None]]]
"""What happens to the processes at a moment of the story, by the name of the moment."""

SHORT_PHONES = {374: "19018181360"}
"""What the customers said when they were asked; the others of the ledger get `1700610` and their row."""
ANSWERS: dict[str, Callable[[str, Form], dict[str, str]]] = {}
"""How a person answers a group of questions that the portal proposes nothing for."""


def answers(group: str) -> Callable[[Callable[[str, Form], dict[str, str]]], Callable[[str, Form], dict[str, str]]]:
    def keep(function: Callable[[str, Form], dict[str, str]]) -> Callable[[str, Form], dict[str, str]]:
        ANSWERS[group] = function
        return function

    return keep


@answers("phone.PHONE_SHORT")
def _asked_by_phone(question: str, _form: Form) -> dict[str, str]:
    row = int(question.rsplit(":", 1)[1])
    return {f"text.{question}": SHORT_PHONES.get(row, f"1700610{row:04d}")}


@answers("name.MISSING")
def _asked_for_the_name(question: str, _form: Form) -> dict[str, str]:
    return {f"text.{question}": "孙敏"}


@answers("source.UNKNOWN_WORD")
def _is_an_advertisement(question: str, _form: Form) -> dict[str, str]:
    return {f"choice.{question}": "use:PLATFORM"}


@answers("gender_title.NAME_TITLE")
def _is_a_lady(question: str, _form: Form) -> dict[str, str]:
    return {f"choice.{question}": "use:MS"}


@answers("contract_number.SAME_CONTRACT")
def _the_later_row_gets_a_number(question: str, form: Form) -> dict[str, str]:
    keys = [value for name, value in form.offered if name == f"choice.{question}" and value.startswith("renumber:")]
    last = max(keys, key=lambda key: int(key.split(":")[1]))
    name = f"text.{question}.{last}"
    return {f"choice.{question}": last, name: form.value(name) or ""}


class Story:
    """The people, and what they do one after the other."""

    def __init__(self, server: Server, trouble: Trouble | None = None) -> None:
        self.server, self.trouble = server, dict(trouble or {})
        self.people = {name: Browser(server.base, name, PASSWORD) for name in PEOPLE}
        self.number = ""
        """The complaint's, once it is registered."""

    @property
    def page(self) -> str:
        """The complaint's page."""
        return f"/records/complaints/{self.number}"

    def strike(self, moment: str) -> None:
        """The named moment has come: what was planned for it happens."""
        for happens in self.trouble.pop(moment, ()):
            happens(self.server)

    # The ledger ------------------------------------------------------------------------------------------------------

    def import_ledger(self) -> None:
        """The manager brings in both sheets, and answers every question."""
        manager = self.people["manager"]
        answer = manager.fill_in(
            f"{IMPORTS}/new", control="kind", file=LEDGER, before=lambda: self.strike("the ledger is uploaded")
        )
        number = re.fullmatch(rf"{IMPORTS}/([^/]+)/columns", answer.path)[1]
        (owner,) = [value for name, value in answer.form(control="owner_id").offered if name == "owner_id" and value]
        self._import(number, "the customers are imported", owner_id=owner)
        other = manager.fill_in(f"{IMPORTS}/{number}", "/other-sheet", press=("sheet", "投诉记录"))
        self._import(re.fullmatch(rf"{IMPORTS}/([^/]+)/columns", other.path)[1], "the complaints are imported")

    def _import(self, number: str, moment: str, **columns: str) -> None:
        manager, page = self.people["manager"], f"{IMPORTS}/{number}"
        manager.fill_in(f"{page}/columns", control="column.1", **columns)
        shown = manager.get(f"{page}/questions")
        while "/questions" in shown.path and (group := _present_group(shown)):
            shown = self._answer(shown, group)
        answer = manager.fill_in(page, "/confirm")
        assert answer.status == 200 or answer.was_repeated, answer.said
        self.strike(moment)
        wait_until(lambda: self._import_state(number) != "RUNNING", 60, f"{number} does not end")
        assert self._import_state(number) == "DONE", manager.get(page).said

    def _answer(self, shown: Answer, group: str) -> Answer:
        """Answer the group of questions on the page; gives the page that comes then, with the next group."""
        manager = self.people["manager"]
        form = shown.form(control="group")
        if ("all", "proposal") in [(button.name, button.value) for button in form.buttons]:
            answer = manager.press(shown.path, form, press=("all", "proposal"))
        else:
            form = shown.form(control="page")
            asked = {name.removeprefix("choice.") for name in form.names() if name.startswith("choice.")}
            said = {name: value for one in asked for name, value in ANSWERS[group](one, form).items()}
            answer = manager.press(shown.path, form, **said)
        assert answer.status == 200, answer.said
        assert _present_group(answer) != group or "/questions" not in answer.path, f"{group} stays open: {answer.said}"
        return answer

    def _import_state(self, number: str) -> str:
        ((state,),) = self.server.rows("SELECT state FROM import_run WHERE number = :number", number=number)
        return state

    # The call --------------------------------------------------------------------------------------------------------

    def take_the_call(self) -> None:
        """A customer of the ledger calls; the front desk fills in F-16, the specialist is told."""
        self.server.set_clock("2026-11-23 10:00")
        desk = self.people["front_desk"]
        found = desk.fill_in("/front-desk/", control="kind", press=("then", "find"), number=PHONE)
        assert CUSTOMER in found.said, found.said
        form = found.form(control="kind")
        assert form.value("name") == CUSTOMER
        answer = desk.press(
            found.path, form, press=("then", "pass"), kind="COMPLAINT", question=f"{SUBJECT}，楼下已经滴水。",
            before=lambda: self.strike("the call is registered"),
        )  # fmt: skip
        assert answer.path.startswith("/records/complaints/new?consultation="), answer.said
        form = answer.form(control="complainant")
        assert form.value("complainant") == CUSTOMER and form.value("customer") and form.value("consultation")
        said = {"subject": SUBJECT, "demand": "尽快维修，并赔偿楼下损失。", "category": "QUALITY", "phase": "IN_SALE"}
        first = desk.press(answer.path, form, before=lambda: self.strike("the complaint is registered"), **said)
        second = desk.press(answer.path, form, **said)  # the button is pressed again
        assert (first.status, first.path) == (second.status, second.path) == (200, "/front-desk/log"), first.said
        ((self.number,),) = self.server.rows("SELECT number FROM complaint WHERE NOT is_historical")
        self.told("specialist", f"{CUSTOMER} – {SUBJECT}")

    # The way to the closed file --------------------------------------------------------------------------------------

    def carry_to_closed(self) -> None:
        """The specialist is late once, and does everything else in time."""
        self.clock_strikes("2026-11-23 12:30", "DL-10 is about to run out")
        self.told("specialist", f"即将到期：转部门并由主管签收（{CUSTOMER}）")
        self.clock_strikes("2026-11-23 13:30", "DL-10 has run out")
        for name in ("specialist", "manager"):
            self.told(name, f"已逾期：转部门并由主管签收（{CUSTOMER}）")
        self.clock_strikes("2026-11-23 14:00", "the head signs")
        self.step("hand-over", "HANDED_OVER", department="ENGINEERING", head="", other_head="高建国", copy_left="y")
        self.clock_strikes("2026-11-24 08:30", "DL-11 is about to run out")
        self.told("specialist", f"即将到期：责任部门致电客户核实（{CUSTOMER}）")
        self.clock_strikes("2026-11-24 09:00", "the department has called")
        self.step("verify", "VERIFIED", verify_result="情况属实：卫生间防水失效，楼下天花有水渍。")
        self.clock_strikes("2026-11-24 15:00", "the plan is fed back")
        self.step(
            "plan", "PLANNED", plan="拆除地砖，重做防水并做闭水试验。", visit_appointment="2026-11-25T15:00",
            customer_agreed="yes",
        )  # fmt: skip
        self.clock_strikes("2026-11-25 16:00", "the department was there")
        self.step(
            "visit", "VISITED", visit_by="高建国、刘阳", solution_record="防水重做，闭水 24 小时无渗漏。",
            customer_signed="y",
        )  # fmt: skip
        self.clock_strikes("2026-11-26 10:30", "DL-14 is about to run out")
        self.told("specialist", f"即将到期：处理后回访（{CUSTOMER}）")
        self.clock_strikes("2026-11-26 11:00", "the customer is called")
        self.step(
            "close", "CLOSED", follow_up_satisfied="yes", verdict="ESTABLISHED", root_cause="防水涂刷厚度不足。",
            improvement="闭水试验须由监理签字。", responsible="高建国",
        )  # fmt: skip

    def clock_strikes(self, local: str, moment: str) -> None:
        """It is later now, and whatever was planned for this moment strikes."""
        self.server.set_clock(local)
        self.strike(moment)

    def step(self, action: str, state: str, **said: str) -> None:
        """The specialist takes a step of the process; sent twice by a broken connection it is taken once."""
        answer = self.people["specialist"].fill_in(
            f"{self.page}/steps/{action}", action, before=lambda: self.strike(f"{action} is sent"), **said
        )
        assert answer.status == 200 or answer.was_repeated, f"{action}: {answer.status} {answer.said[:1500]}"
        found = self.server.rows("SELECT state FROM complaint WHERE number = :number", number=self.number)
        assert found == [(state,)], f"{action}: {answer.status} {answer.said[:1500]}"

    def told(self, name: str, sentence: str) -> None:
        """The person finds exactly one such line in the inbox, soon enough."""

        def lines() -> list[str]:
            return [line for line in self.inbox(name) if sentence in line]

        wait_until(lines, TOLD_WITHIN_SECONDS, f"{name} was never told {sentence}", every=0.5)
        assert len(lines()) == 1, lines()

    def inbox(self, name: str) -> list[str]:
        """What stands in a person's inbox, a line per notice."""
        text = self.people[name].get("/records/notices?filter=").text
        return [
            " ".join(re.sub("<[^>]+>", " ", row).split()) for row in re.findall(r'<tr class="line".*?</tr>', text, re.S)
        ]

    # The papers ------------------------------------------------------------------------------------------------------

    def print_forms(self) -> dict[str, str]:
        """F-06 for the specialist and F-07 for the manager, as text."""
        return {form: self._print(name, form) for name, form in (("specialist", "F-06"), ("manager", "F-07"))}

    def _print(self, name: str, form: str) -> str:
        person = self.people[name]
        answer = person.fill_in(self.page, f"/documents/{form}", before=lambda: self.strike(f"{form} is asked for"))
        assert answer.status == 200, answer.said
        self.strike(f"{form} is being made")
        link = partial(_file_link, person, answer.path)
        found = wait_until(link, TOLD_WITHIN_SECONDS, f"{form} never came", every=0.3)
        file = person.get(found)
        assert file.kind.startswith("application/pdf") and file.body.startswith(b"%PDF"), file.kind
        pages = pypdf.PdfReader(io.BytesIO(file.body)).pages
        return "".join(page.extract_text() for page in pages).replace(" ", "").replace("\n", "")


def _present_group(answer: Answer) -> str | None:
    """The group of questions that the page asks now."""
    found = re.search(r'group=([A-Za-z_.0-9]+)"[^>]* aria-current="page"', answer.text)
    return found[1] if found else None


def _file_link(person: Browser, page: str) -> str | None:
    answer = person.get(page)
    assert '/retry"' not in answer.text, answer.said
    return next((link for link in answer.reader.links if re.fullmatch(r"/records/documents/\d+/file", link)), None)
