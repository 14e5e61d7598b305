"""A complaint from call to closed file, told through the services, with the dates of the worked example."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.db import transaction
from portal.models.complaint import Complaint
from portal.models.org import Department, PartyKind, User
from portal.permissions import Role
from portal.services import complaints
from tests.factories import Make


def registered(make: Make, clock: Any, owner: User | None = None, **fields: Any) -> Complaint:
    """The dusty site of 张建军, as taken on 2026-05-11 10:00."""
    clock.set("2026-05-11 10:00")
    owner = owner or make.user(Role.SPECIALIST, name="周晓雯")
    customer = make.customer(name="张建军", branch_id=fields.pop("branch_id", None), owner_id=owner.id)
    project = make.project(
        customer,
        designer_id=make.party(PartyKind.DESIGNER, name="许诺").id,
        project_manager_id=make.party(PartyKind.PROJECT_MANAGER, name="王志强").id,
    )
    make.contract(project, number="HT-2026-0001")
    at = clock.now()
    given = {
        "complainant": "张建军",
        "phone": customer.phone,
        "phase": "IN_SALE",
        "category": "SITE",
        "subject": "现场灰尘大",
        "content": "现场灰尘大，楼道和客厅有烟头。",
        "demand": "两天内彻底清理。",
        "received_at": at,
        "channel": "PHONE",
        "customer": customer,
        "project": project,
        **fields,
    }
    with transaction() as session:
        command = complaints.RegisterComplaint(
            **{n: session.merge(v) if hasattr(v, "KIND") else v for n, v in given.items()}
        )
        complaint = complaints.register(session, command, actor=session.merge(owner), at=at)
    return complaint


def closed(make: Make, clock: Any, owner: User | None = None) -> Complaint:
    """The same complaint, carried to the end."""
    complaint = registered(make, clock, owner)
    head = make.party(name="石磊", department=Department.ENGINEERING.value, is_head=True)

    def step(local: str, act: Any, build: Any) -> None:
        at: datetime = clock.set(local)
        with transaction() as session:
            record = session.get_one(Complaint, complaint.id)
            act(session, record, build(session, at), actor=record.owner, at=at)

    step(
        "2026-05-11 11:20",
        complaints.hand_over,
        lambda s, at: complaints.HandOver(Department.ENGINEERING.value, s.merge(head), at, True),
    )
    step(
        "2026-05-11 15:00",
        complaints.verify,
        lambda s, at: complaints.Verify(at, s.merge(head), "情况属实，保洁未按日清扫。"),
    )
    step(
        "2026-05-12 10:00",
        complaints.plan,
        lambda s, at: complaints.Plan("派保洁 2 人全屋清理。", clock_at(clock, "2026-05-13 14:00", at), True, at),
    )
    step(
        "2026-05-13 14:00",
        complaints.visit,
        lambda s, at: complaints.Visit(at, "王志强", "到场清理完毕，客户当场确认。", True),
    )
    step(
        "2026-05-14 09:30",
        complaints.close,
        lambda s, at: complaints.Close(
            at, True, "ESTABLISHED", "保洁未纳入工长日检。", "日检表增加清扫一项。", "王志强", "无遗留问题。"
        ),
    )
    return complaint


def clock_at(clock: Any, local: str, now: datetime) -> datetime:
    """A moment on the company's clocks, the clock standing where it was."""
    moment: datetime = clock.set(local)
    clock.set(now)
    return moment
