"""What lists and inboxes of a department in use are full of: printed forms, an import, an export, tasks, a possible double.

All of it is asked for through the services. The forms are made by the pdf worker once the portal runs, so that loading the
demo does not wait for them; the import and the export are carried out on the spot.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import xlsxwriter
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, i18n
from portal.db import transaction
from portal.demo.cases import Household
from portal.demo.hours import next_on_duty, on_duty
from portal.demo.stage import Stage
from portal.files.store import Store
from portal.imports.mapping import Kind
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.customer import CustomerSource
from portal.models.export import ExportFormat
from portal.models.importing import ImportRun
from portal.models.org import User
from portal.models.repair import WarrantyCertificate
from portal.permissions import Role
from portal.services import customers, documents, duplicates, exports, imports, own_tasks
from portal.services.giving import Whose
from portal.services.imports import running

NEWCOMERS = (
    ("编号", "姓名", "岗位", "部门"),
    ("", "苏明", "工长", "工程部"),
    ("", "韦国强", "监理", "工程部"),
    ("", "夏薇", "设计师", "设计部"),
)
"""People who came in autumn, as human resources sends them."""


def plan(stage: Stage, houses: list[Household], today: datetime) -> None:
    """Put tasks and the possible double on the stage."""

    def double(writing: Session, at: datetime) -> None:
        """A caller is registered anew under another spelling of the name."""
        known = houses[4]
        command = customers.CreateCustomer(
            name="郭小东", phone=known.phone, source=CustomerSource.PHONE, kind="LEAD", needs="问保修范围"
        )
        made = customers.create(writing, command, actor=stage.get(writing, "front_desk"), at=at)
        duplicates.at_entry(writing, made, at=at)

    def by_hand(writing: Session, at: datetime) -> None:
        specialist = stage.get(writing, "specialist")
        for key, title, hours, whose in (
            ("open-6", "打电话问空鼓返工的进度", 6, Whose(specialist)),
            ("open-8", "把铲除重刷的方案发给客户确认", 26, Whose(specialist)),
            ("open-10", "核对更换班组后的工期", 50, Whose(role=Role.SPECIALIST)),
        ):
            due = next_on_duty(today + timedelta(hours=hours))
            record = stage.get(writing, key)
            own_tasks.add(writing, record, own_tasks.SetTask(title, due, whose), actor=specialist, at=at)

    stage.at(on_duty(today - timedelta(hours=26), today), double)
    stage.at(on_duty(today - timedelta(minutes=50), today), by_hand)


def enter(stage: Stage, today: datetime) -> None:
    """Bring the workbook in and take a list out as of the last hour that people worked; ask for the forms."""
    when = on_duty(today - timedelta(minutes=20), today)
    with clock.standing_at(when):
        _import(stage, when)
    stage.now(lambda writing, at: _export(stage, writing, at), when)
    stage.deliver(when, "pdf")
    stage.now(lambda writing, at: _forms(stage, writing, at), today)


def _import(stage: Stage, at: datetime) -> None:
    """Three people of a workbook: uploaded, checked, tried, confirmed and carried out."""
    store = Store.of(current_app.config["PORTAL"])
    book = imports.take(store, _workbook(), "秋季新员工.xlsx")
    with transaction() as writing:
        manager = stage.get(writing, "manager")
        run = imports.start(writing, book, actor=manager, at=at, kind=Kind.PARTIES)
        writing.flush()
        number = run.id
        sheet = imports.sheet_of(store, run)
        imports.check(writing, run, sheet, actor=manager, at=at)
    running.dry_run(number, sheet, at=at)
    with transaction() as writing:
        running.confirm(writing, writing.get_one(ImportRun, number), actor=stage.get(writing, "manager"), at=at)
    stage.deliver(at)


def _workbook() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("人员")
        for line, cells in enumerate(NEWCOMERS):
            page.write_row(line, 0, cells)
    return buffer.getvalue()


def _export(stage: Stage, writing: Session, at: datetime) -> None:
    manager: User = stage.get(writing, "manager")
    listing = LISTINGS["complaints"]
    state, _problems = from_args(listing, {"filter": "open"})
    columns = tuple(column.key for column in listing.columns)
    wanted = exports.Wanted(listing, state, str(listing.title), columns, ExportFormat.XLSX)
    exports.begin(writing, wanted, actor=manager, locale=i18n.locale(), at=at)


def _forms(stage: Stage, writing: Session, at: datetime) -> None:
    store = Store.of(current_app.config["PORTAL"])
    specialist: User = stage.get(writing, "specialist")
    certificate = writing.scalars(select(WarrantyCertificate).order_by(WarrantyCertificate.id).limit(1)).one()
    for code, record in (("F-06", stage.get(writing, "open-6")), ("F-19", certificate)):
        form = documents.get_form(code)
        documents.request(writing, form, record, actor=specialist, locale=i18n.locale(), at=at, store=store)
