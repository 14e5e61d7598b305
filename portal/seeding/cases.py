"""Calls and complaints about the households, told step by step until the end or until today, with their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from portal import settings
from portal.calendar import Due, compute_due, warn_at
from portal.models.complaint import Complaint, ComplaintDepartment, ComplaintRound, Escalation
from portal.models.consultation import Consultation
from portal.models.task import DeadlineBreach, Task
from portal.processes import complaint as complaint_rules
from portal.processes import consultation as consultation_rules
from portal.processes import escalation as escalation_rules
from portal.processes.base import Deadline, Process
from portal.processes.complaint import LEAD_DEPARTMENTS, Category
from portal.seeding import words
from portal.seeding.bulk import Bulk, Row
from portal.seeding.company import Company
from portal.seeding.days import Days
from portal.seeding.households import Household, record_fields
from portal.services import calendars

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Clocks:
    """Opens and closes tasks as the steps of a process do, on rows instead of objects."""

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk
        session = bulk.session
        self.calendar = calendars.current(session)
        self.share = settings.get(session, "warn_share") / 100
        processes = (complaint_rules.PROCESS, consultation_rules.PROCESS, escalation_rules.PROCESS)
        clocks = [clock for process in processes for clock in process.deadlines]
        self.limits = {clock.code: calendars.limit(session, clock.setting, clock.clock_setting) for clock in clocks}
        self.caps = {
            clock.code: calendars.limit(session, clock.cap_setting, clock.clock_setting)
            for clock in clocks
            if clock.cap_setting
        }

    def open(self, clock: Deadline, record: Row, kind: str, start: datetime, **who: Any) -> Row:
        """A clock of a process begins to run."""
        due = compute_due(start, self.limits[clock.code], self.calendar)
        cap_start = who.pop("cap_start", None)
        if clock.code in self.caps and cap_start is not None:
            cap = compute_due(cap_start, self.caps[clock.code], self.calendar)
            due = min(due, cap, key=_due_at)
        warn = warn_at(due, self.share)
        return self.task(
            "DEADLINE", clock.label.message, record, kind, start, _due_at(due), warn, clock.code,
            explanation=due.to_dict(), responsible=clock.responsible, **who,
        )  # fmt: skip

    def task(
        self,
        sort: str,
        title: str,
        record: Row,
        kind: str,
        start: datetime,
        due_at: datetime,
        warn: datetime | None,
        code: str | None = None,
        **rest: Any,
    ) -> Row:
        """A row of what is due; the sweep looks at it from `warn` on. `of`: the row that says whom it is about."""
        of = rest.get("of", record)
        return self.bulk.add(Task, {
            "kind": sort, "code": code, "title": title, "record_kind": kind, "record_id": record["id"],
            "record": record, "record_number": "", "customer_id": of["customer_id"],
            "customer_name": of.get("complainant") or of.get("name"),
            "detail": of.get("subject") or of.get("question"), "branch_id": record["branch_id"],
            "person_id": rest.get("person_id"), "role": rest.get("role"),
            "responsible": rest.get("responsible", "owner"), "department": rest.get("department"),
            "party_id": rest.get("party_id"), "started_at": start, "due_at": due_at, "warn_at": warn,
            "explanation": rest.get("explanation"), "next_check_at": warn, "warned_at": None, "breached_at": None,
            "closed_at": None, "closed_by_id": None, "outcome": None, "round_no": rest.get("round_no", 1),
            "version": 1,
        })  # fmt: skip

    def close(self, task: Row, at: datetime, actor_id: int | None, outcome: str = "DONE") -> None:
        """The work is done, or no longer needed; done after the due time it leaves a breach."""
        task |= {"closed_at": at, "closed_by_id": actor_id, "outcome": outcome, "next_check_at": None}
        if task["warn_at"] <= at:
            task["warned_at"] = task["warn_at"]
        if task["code"] is None or at <= task["due_at"]:
            return
        found_at = task["due_at"] + MINUTE
        task["breached_at"] = task["due_at"]
        is_department = task["responsible"] == "department"
        self.bulk.add(DeadlineBreach, {
            "task_id": task["id"], "code": task["code"], "record_kind": task["record_kind"],
            "record_id": task["record_id"], "record": task["record"], "record_number": "",
            "branch_id": task["branch_id"], "user_id": task["person_id"],
            "department": task["department"] if is_department else None, "party_id": task["party_id"],
            "due_at": task["due_at"], "found_at": found_at, "met_at": at if outcome == "DONE" else None,
            "late_minutes": int((at - task["due_at"]).total_seconds() // 60) if outcome == "DONE" else None,
        })  # fmt: skip
        data = {"due_at": task["due_at"].isoformat(), "title": task["title"]}
        self.bulk.say(found_at, "BREACH", task["code"], task["record_kind"], task["record"], data=data)


def _due_at(due: Due) -> datetime:
    assert due.due_at is not None  # a clock that was never paused is due some time
    return due.due_at


class Cases:
    """Makes calls and complaints into a `Bulk`."""

    def __init__(self, bulk: Bulk, company: Company, days: Days) -> None:
        self.bulk, self.company, self.days = bulk, company, days
        self.clocks = Clocks(bulk)

    # Calls -----------------------------------------------------------------------------------------------------------

    def call(self, household: Household | None, at: datetime, random: Random) -> None:
        """One contact; what happened after now is left out. None: somebody who is no customer."""
        store = household.store if household else self.company.stores[int(random.random() * len(self.company.stores))]
        actor_id = store.front_desks[0]
        question, answer = words.QUESTIONS[int(random.random() * len(words.QUESTIONS))]
        is_special = random.random() < 0.15
        channel = ("PHONE", "PHONE", "PHONE", "VISIT", "WECHAT")[int(random.random() * 5)]
        left_at = at + timedelta(minutes=random.randrange(15, 90))
        row = self.bulk.add(Consultation, {
            "number": "", "state": "LOGGED", "channel": channel, "kind": "CONSULT",
            "complexity": "SPECIAL" if is_special else "COMMON", "occurred_at": at,
            "name": household.name if household else words.person(random), "phone": "",
            "customer_id": household.customer_id if household else None,
            "project_id": household.project_id if household else None, "question": question, "answer": None,
            "is_urgent": random.random() < 0.02, "needs_call_back": False, "forwarded_department": None,
            "forwarded_at": None, "wait_told": is_special, "transfer_consent": is_special, "reply": None,
            "replied_at": None, "is_satisfied": None, "taken_seconds": 15 + int(random.random() * 40),
            "arrived_at": at if channel == "VISIT" else None,
            "left_at": left_at if channel == "VISIT" and left_at < self.days.now else None,
            **record_fields(at, actor_id, store.branch_id),
        })  # fmt: skip
        row["phone"] = household.phone if household else words.phone(10**9 + row["id"])
        story = _Story(self, consultation_rules.PROCESS, row, "consultations", actor_id, {"person_id": None})
        story.begin("log", at, {"channel": channel, "name": row["name"], "question": question})
        if random.random() < 0.1 and self.days.now - at < 24 * HOUR:
            row["needs_call_back"] = True
            due_at = at + 2 * HOUR
            self.clocks.task(
                "CALL_BACK", "Call back", row, "consultations", at, due_at, due_at - HOUR / 2, role="FRONT_DESK"
            )
            return
        if not is_special:
            row["answer"] = answer
            story.step("answer", at + MINUTE, {"answer": answer})
        else:
            story.who = {"role": "SPECIALIST"}
            forward = {"forwarded_department": "DESIGN", "transfer_consent": True, "wait_told": True}
            row |= {"forwarded_department": "DESIGN", "forwarded_at": at + 2 * MINUTE}
            story.step("forward", at + 2 * MINUTE, forward)
            replied_at = at + HOUR * (1 + random.random() * 23 if random.random() < 0.93 else 30)
            if story.step("reply", replied_at, {"reply": answer, "replied_at": replied_at.isoformat()}):
                row |= {"reply": answer, "replied_at": replied_at}
        is_satisfied = random.random() < 0.96
        if story.step("close", story.last_at + 2 * MINUTE, {"is_satisfied": is_satisfied}):
            row["is_satisfied"] = is_satisfied

    # Complaints ------------------------------------------------------------------------------------------------------

    def complain(self, household: Household, at: datetime, random: Random) -> None:
        """One complaint with its life, as far as it has come."""
        category = list(words.CASES)[int(random.random() ** 1.6 * len(words.CASES))]
        texts = words.CASES[category]
        subject, content, demand = texts[int(random.random() * len(texts))]
        departments = LEAD_DEPARTMENTS[Category(category)] or ("SERVICE",)
        phase = "AFTER_SALE" if household.is_finished else "IN_SALE"
        row = self.bulk.add(Complaint, {
            "number": "", "state": "REGISTERED", "received_at": at, "channel": "PHONE",
            "received_by_id": household.store.front_desks[0], "owner_id": household.owner_id,
            "complainant": household.name, "phone": household.phone, "customer_id": household.customer_id,
            "project_id": household.project_id, "subject": subject, "phase": phase, "category": category,
            "content": content, "demand": demand, "reason": None, "verdict": None, "severity": "ORDINARY",
            "is_multi_department": len(departments) > 1, "costs_money": False, "explanation": None,
            "verify_call_at": None, "verify_result": None, "verified_by_id": None,
            "plan_seen_by_id": None, "plan_seen_at": None, "round_no": 1, "root_cause": None, "improvement": None,
            "responsible": None, "closed_at": None, "is_historical": False,
            **record_fields(at, household.store.front_desks[0], household.branch_id),
        })  # fmt: skip
        life = _ComplaintLife(self, row, departments, random)
        life.tell()


class _Story:
    """The steps of one record in time; a step that lies ahead of now is not taken, and none after it."""

    def __init__(self, cases: Cases, process: Process, row: Row, kind: str, actor_id: int, who: dict[str, Any]) -> None:
        self.cases, self.process, self.row, self.kind, self.actor_id, self.who = (
            cases,
            process,
            row,
            kind,
            actor_id,
            who,
        )
        self.running: list[tuple[Deadline, Row]] = []
        self.last_at: datetime = row["created_at"]
        self.is_over = False

    def begin(self, action: str, at: datetime, fields: dict[str, Any]) -> None:
        """The step that makes the record."""
        self._take(action, at, fields, None, None)

    def step(self, action: str, at: datetime, fields: dict[str, Any], *, acted_by_id: int | None = None) -> bool:
        """Take a step at that moment; False when it lies ahead."""
        if self.is_over or at > self.cases.days.now:
            self.is_over = True
            return False
        self._take(action, at, fields, self.row["state"], acted_by_id)
        return True

    def _take(
        self, action: str, at: datetime, fields: dict[str, Any], before: str | None, acted_by_id: int | None
    ) -> None:
        transition = self.process.transition(before, action)
        target = str(transition.target)
        self.row |= {"state": target, "updated_at": at, "updated_by_id": self.actor_id}
        for clock, task in list(self.running):
            if target in clock.met_by:
                self.cases.clocks.close(task, at, self.actor_id)
            elif target in clock.cancelled_by or target in clock.starts:
                self.cases.clocks.close(task, at, self.actor_id, "CANCELLED")
            else:
                continue
            self.running.remove((clock, task))
        for clock in self.process.deadlines_started(transition):
            who = dict(self.who) if clock.responsible == "department" or clock.cap_field is None else self.who
            if clock.responsible != "department":
                who = {key: value for key, value in who.items() if key not in {"department", "party_id"}}
            task = self.cases.clocks.open(clock, self.row, self.kind, at, **who)
            self.running.append((clock, task))
        data = {"from": before, "to": target, "fields": fields}
        said = "TRANSITION" if before else "CREATED"
        self.cases.bulk.say(
            at, said, action, self.kind, self.row, actor_id=self.actor_id, acted_by_id=acted_by_id, data=data
        )
        self.last_at = at


class _ComplaintLife:
    """A complaint from the call to the file."""

    def __init__(self, cases: Cases, row: Row, departments: Sequence[str], random: Random) -> None:
        self.cases, self.row, self.departments, self.random = cases, row, departments, random
        self.head_id = cases.company.heads[departments[0]][0]
        is_recent = cases.days.now - row["received_at"] < 5 * DAY
        self.haste = 3 if is_recent else 1
        """Lately there is more work than hands: boards show what is late."""
        self.story = _Story(
            cases, complaint_rules.PROCESS, row, "complaints", row["received_by_id"], {"person_id": row["owner_id"]}
        )

    def tell(self) -> None:
        """The whole life, in one of its kinds."""
        row, story, now = self.row, self.story, self.row["received_at"]
        said = ("complainant", "phone", "phase", "category", "subject", "content", "demand")
        story.begin("register", now, {**{name: row[name] for name in said}, "received_at": now.isoformat()})
        self.round = self._new_round(1)
        story.actor_id = row["owner_id"]
        fate = self.random.random()
        if fate < 0.04:
            self._explain(now + self._hours(0.3, 2.5))
        elif fate < 0.05:
            self._refuse(now + self._hours(0.5, 2.8))
        elif fate < 0.12:
            if story.step("handle", now + self._hours(0.3, 2.5), {"plan": "客服协调处理并上门查看"}):
                self.round["plan"] = "客服协调处理并上门查看"
            self._visit_and_call(second=False)
        else:
            self._with_department(now, escalates=fate > 0.97, second=0.12 < fate < 0.2)

    def _hours(self, low: float, high: float, *, late: float = 0.0, late_by: float = 0.0) -> timedelta:
        hours = low + self.random.random() * (high - low)
        is_late = self.random.random() < late * self.haste
        return HOUR * (high + late_by * self.haste * self.random.random() + 0.2 if is_late else hours)

    def _new_round(self, number: int) -> Row:
        return self.cases.bulk.add(ComplaintRound, {
            "complaint_id": self.row["id"], "round_no": number, "new_demand": None, "plan": None,
            "plan_fed_back_at": None, "customer_agreed": None, "visit_appointment": None, "visit_at": None,
            "visit_by": None, "solution_record": None, "customer_signed": None, "no_signature_reason": None,
            "follow_up_at": None, "follow_up_satisfied": None, "follow_up_note": None,
        })  # fmt: skip

    def _explain(self, at: datetime) -> None:
        said = {"verdict": "NOT_ESTABLISHED", "reason": "属正常收缩，不影响使用", "explanation": "已上门解释，客户理解"}
        if self.story.step("explain", at, said):
            self.row |= {**said, "closed_at": at}

    def _refuse(self, at: datetime) -> None:
        self.story.actor_id = self.cases.company.managers[0]
        said = {"verdict": "MALICIOUS", "explanation": "多次以投诉要求免单，录音为证"}
        if self.story.step("refuse", at, said):
            self.row |= {**said, "closed_at": at}

    def _with_department(self, at: datetime, *, escalates: bool, second: bool) -> None:
        row, story, head_id = self.row, self.story, self.head_id
        head = self.cases.company.head_names[head_id]
        signed_at = at + self._hours(0.3, 2.8, late=0.08, late_by=4)
        story.who = {"person_id": row["owner_id"], "department": self.departments[0], "party_id": head_id}
        fields = {
            "department": self.departments[0],
            "head": head,
            "signed_at": signed_at.isoformat(),
            "copy_left": True,
        }
        if not story.step("hand-over", signed_at, fields, acted_by_id=head_id):
            return
        for place, department in enumerate(self.departments):
            self.cases.bulk.add(ComplaintDepartment, {
                "complaint_id": row["id"], "department": department, "is_lead": place == 0,
                "head_id": head_id if place == 0 else None, "signed_at": signed_at if place == 0 else None,
                "copy_left": place == 0, "recorded_by_id": row["owner_id"],
            })  # fmt: skip
        story.who = {**story.who, "cap_start": signed_at}
        called_at = signed_at + self._hours(2, 22, late=0.06, late_by=10)
        said = {"verify_call_at": called_at.isoformat(), "verified_by": head, "verify_result": "情况属实"}
        if not story.step("verify", called_at, said, acted_by_id=head_id):
            return
        row |= {"verify_call_at": called_at, "verified_by_id": head_id, "verify_result": "情况属实"}
        story.who.pop("cap_start")
        planned_at = called_at + self._hours(2, 20, late=0.06, late_by=10)
        if planned_at <= self.cases.days.now and row["is_multi_department"]:
            row |= {"plan_seen_by_id": self.cases.company.managers[0], "plan_seen_at": planned_at}
        appointment = planned_at + 20 * HOUR
        planned: Row = {
            "plan": "更换不合格部位，三日内完成",
            "plan_fed_back_at": planned_at.isoformat(),
            "customer_agreed": True,
        }
        if not story.step("plan", planned_at, planned, acted_by_id=head_id):
            return
        self.round |= {
            "plan": planned["plan"], "plan_fed_back_at": planned_at, "customer_agreed": True,
            "visit_appointment": appointment,
        }  # fmt: skip
        if escalates:
            self._escalate(planned_at + self._hours(10, 40))
        else:
            self._visit_and_call(second=second)

    def _visit_and_call(self, *, second: bool) -> None:
        story, row = self.story, self.row
        visit_at = story.last_at + self._hours(6, 44, late=0.08, late_by=30)
        said = {"visit_at": visit_at.isoformat(), "visit_by": "工程部", "solution_record": "已更换并清理，客户查看"}
        if not story.step("visit", visit_at, {**said, "customer_signed": True}, acted_by_id=self.head_id):
            return
        self.round |= {
            "visit_at": visit_at, "visit_by": "工程部", "solution_record": said["solution_record"],
            "customer_signed": True,
        }  # fmt: skip
        call_at = visit_at + self._hours(2, 22, late=0.03, late_by=6)
        if second:
            self._again(call_at)
            return
        analysis = {
            "verdict": "ESTABLISHED", "root_cause": words.CAUSES[int(self.random.random() * len(words.CAUSES))],
            "improvement": words.IMPROVEMENTS[int(self.random.random() * len(words.IMPROVEMENTS))],
            "responsible": self.cases.company.head_names[self.head_id],
        }  # fmt: skip
        said_call = {"follow_up_at": call_at.isoformat(), "follow_up_satisfied": True, **analysis}
        if story.step("close", call_at, said_call):
            self.round |= {"follow_up_at": call_at, "follow_up_satisfied": True}
            row |= {**analysis, "closed_at": call_at}

    def _again(self, at: datetime) -> None:
        story = self.story
        story.who = {**story.who, "round_no": 2}
        said = {"follow_up_at": at.isoformat(), "new_demand": "仍有两处不平，要求重做", "plan": "换人返工，监理到场"}
        if not story.step("rework", at, said):
            return
        self.round |= {"follow_up_at": at, "follow_up_satisfied": False, "follow_up_note": "客户不满意"}
        self.row["round_no"] = 2
        self.round = self._new_round(2)
        self.round |= {
            "new_demand": said["new_demand"], "plan": said["plan"], "plan_fed_back_at": at,
            "visit_appointment": at + 24 * HOUR,
        }  # fmt: skip
        self._visit_and_call(second=False)

    def _escalate(self, at: datetime) -> None:
        row, story = self.row, self.story
        texts = {
            "why": "COMPENSATION", "cause": row["content"], "process_so_far": "已派人查看，双方对赔偿金额有分歧",
            "customer_demand": row["demand"],
        }  # fmt: skip
        if not story.step("escalate", at, texts):
            return
        record = record_fields(at, row["owner_id"], row["branch_id"])
        escalation = self.cases.bulk.add(Escalation, {
            "number": "", "state": "SUBMITTED", "complaint_id": row["id"], "submitted_by_id": row["owner_id"],
            "submitted_at": at, **texts, "taken_by_id": None, "taken_at": None, **record,
        })  # fmt: skip
        life = _Story(
            self.cases,
            escalation_rules.PROCESS,
            escalation,
            "escalations",
            row["owner_id"],
            {"role": "MANAGER", "of": row},
        )
        life.begin("submit", at, texts)
        life.actor_id = self.cases.company.managers[0]
        taken_at = at + self._hours(1, 30)
        if life.step("take", taken_at, {}):
            escalation |= {"taken_by_id": life.actor_id, "taken_at": taken_at}
