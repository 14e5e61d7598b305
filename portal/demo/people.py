"""The people of the demo: five roles with a login (password: demo), stores, departments, crews. Names are invented."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal import clock
from portal.demo.stage import Stage, local
from portal.models.org import PartyKind, PartyStatus
from portal.permissions import Role
from portal.preparation import DEMO_PASSWORD
from portal.services import accounts, branches, calendars, contract_templates, crews, parties

OPENED = "2026-01-05 09:00"

STAFF = (
    ("front_desk", "李敏", Role.FRONT_DESK, "801"),
    ("specialist", "周晓雯", Role.SPECIALIST, "802"),
    ("reviewer", "韩志刚", Role.REVIEWER, "805"),
    ("captain", "马建国", Role.REPAIR_CAPTAIN, "806"),
    ("manager", "陈丽华", Role.MANAGER, "808"),
)

PARTIES = (
    ("许诺", PartyKind.DESIGNER, "DESIGN", False, "城南店"),
    ("高原", PartyKind.BRANCH_MANAGER, "DESIGN", True, "城南店"),
    ("宋雅", PartyKind.STORE_MANAGER, "STORE", True, "城南店"),
    ("蒋涛", PartyKind.SALES, "STORE", False, "城南店"),
    ("王志强", PartyKind.PROJECT_MANAGER, "ENGINEERING", False, None),
    ("李志远", PartyKind.PROJECT_MANAGER, "ENGINEERING", False, None),
    ("刘大勇", PartyKind.FOREMAN, "ENGINEERING", False, None),
    ("孙海", PartyKind.FOREMAN, "ENGINEERING", False, None),
    ("吴刚", PartyKind.FOREMAN, "ENGINEERING", False, None),
    ("丁一", PartyKind.SUPERVISOR, "ENGINEERING", False, None),
    ("石磊", PartyKind.DEPARTMENT_HEAD, "ENGINEERING", True, None),
    ("何材", PartyKind.DEPARTMENT_HEAD, "PURCHASING", True, None),
    ("吴会计", PartyKind.FINANCE, "FINANCE", True, None),
    ("郑红", PartyKind.HR, "HR", True, None),
    ("钱律师", PartyKind.LEGAL, "LEGAL", True, None),
    ("方总", PartyKind.GM, "MANAGEMENT", True, None),
    ("周副总", PartyKind.DEPUTY_GM, "MANAGEMENT", True, None),
)


def enter(stage: Stage) -> None:
    """Open the stores, enter the people, and fill in the calendar."""
    opened = local(OPENED)

    def everybody(writing: Session, at: datetime) -> None:
        this_year = clock.today(stage.until).year
        calendars.seed(writing, {2026, this_year, this_year + 1}, at=at)
        for code, name in (("CN", "城南店"), ("CB", "城北店")):
            command = branches.CreateBranch(code=code, name=name)
            stage.keep(name, branches.create(writing, command, actor=None, at=at))
        printed = contract_templates.CreateTemplate(
            title="住宅装饰装修施工合同", edition="2024版", effective_from=date(2024, 1, 1), years_basic=2,
            years_water_electric=5, years_waterproof=5, years_woodwork=3, years_hardware=2, years_paint=2,
        )  # fmt: skip
        stage.keep("template", contract_templates.create(writing, printed, actor=None, at=at))
        for username, name, role, extension in STAFF:
            details = accounts.Details(
                name=name,
                role=role,
                is_lead=role is Role.SPECIALIST,
                is_on_duty=role is Role.SPECIALIST,
                email=f"{username}@example.com",
                extension=extension,
            )
            user = accounts.add_user(
                writing,
                username=username,
                details=details,
                password=DEMO_PASSWORD,
                actor=None,
                at=at,
                must_change=False,
                may_be_weak=True,
            )
            stage.keep(username, user)
        second = accounts.Details(name="沈佳", role=Role.SPECIALIST, email="shen@example.com", extension="803")
        stage.keep(
            "specialist_2",
            accounts.add_user(
                writing, username="shenjia", details=second, password=secrets.token_urlsafe(24), actor=None, at=at
            ),
        )
        for name, kind, department, is_head, store in PARTIES:
            party = parties.create(
                writing,
                parties.CreateParty(
                    name=name,
                    kind=kind,
                    department=department,
                    is_head=is_head,
                    branch_id=stage.get(writing, store).id if store else None,
                ),
                actor=None,
                at=at,
            )
            stage.keep(name, party)
        crew = crews.create(
            writing,
            crews.CreateCrew(
                name="刘大勇队", foreman_id=stage.get(writing, "刘大勇").id, retention_balance=Decimal("5000.00")
            ),
            actor=None,
            at=at,
        )
        stage.keep("刘大勇队", crew)
        for name, foreman in (("孙海队", "孙海"), ("吴刚队", "吴刚")):
            led = crews.CreateCrew(
                name=name, foreman_id=stage.get(writing, foreman).id, retention_balance=Decimal("5000.00")
            )
            stage.keep(name, crews.create(writing, led, actor=None, at=at))

    stage.now(everybody, opened)

    def departs(writing: Session, at: datetime) -> None:
        crew = stage.get(writing, "刘大勇队")
        command = crews.UpdateCrew(
            name=crew.name,
            foreman_id=crew.foreman_id,
            retention_balance=crew.retention_balance,
            status=PartyStatus.DEPARTED,
            status_from=date(2026, 9, 30),
            version=crew.version,
        )
        crews.update(writing, crew, command, actor=stage.get(writing, "manager"), at=at)

    stage.at("2026-09-30 18:00", departs)
