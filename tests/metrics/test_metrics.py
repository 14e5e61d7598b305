"""Each figure of a May that was counted by hand; `may.py` tells the month."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from itertools import cycle

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import session, transaction
from portal.listing import engine
from portal.listing.state import args_of
from portal.metrics import METRICS, Company, Period, measure_all, shown, split
from portal.metrics import lists as figure_lists
from portal.models.archive import ArchiveLoan
from portal.models.complaint import Complaint
from portal.models.follow_up import RepairFollowUp
from portal.permissions import Role
from tests.metrics import may as month
from tests.metrics.may import MAY

BY_HAND = {
    "M-10": (4, None), "M-10.effective": (2, None), "M-10.missed": (2, None), "M-11": (2, 4), "M-12": (1, 2), "M-12.unsatisfied": (2, None), "M-12.designer": (9, 2), "M-12.manager": (2, 1), "M-12.foreman": (0, 0), "M-12.supervisor": (3, 1), "M-13": (1, 2), "M-14": (1, 2),
    "M-50": (1, None), "M-50.amount": ("96000.00", None), "M-51": (1, 1), "M-52": (2, None), "M-53": (1, 1), "M-29.paid": ("4000.00", None), "M-29.borne": ("4000.00", None),
    "M-70": (2, 4), "M-70.surveys": (4, None), "M-70.unsatisfied": (2, None), "M-71": (18, 5), "M-71.satisfied": (3, 5), "M-71.unsatisfied": (2, None), "M-72": (1, 3),
    "M-01": (3, None), "M-02": (2, 4), "M-03": (312, 4), "M-04.warnings": (1, None), "M-04.deductions": ("840.00", None),
    "M-05": (4, 5), "M-20": (4, None), "M-20.unfounded": (1, None), "M-21": (3, 2), "M-22": (4, 7), "M-23": (1, 2),
    "M-24": (1, 1), "M-25": (1, 1), "M-26": (0, 1), "M-27": ("450", 4), "M-28": (1, 5), "M-29.escalations": (1, None),
    "M-30": (5, None), "M-30.projects": (3, None), "M-31": (1, 2), "M-32": (1, None), "M-33": (1, None), "M-34": (1, 3),
    "M-40": (3, None), "M-41": (1, 2), "M-42": ("33.5", 2), "M-43": (1, 2), "M-44": ("1260.50", None), "M-45": (1, 2),
    "M-60": (4, None), "M-60.leads": (2, None), "M-61": (1, 2), "M-62": (1, None), "M-63": (1, 2), "M-63.satisfied": (1, 2), "M-80.opened": (0, 0), "M-80.loans": (2, None), "M-80.complete": (1, 2),
    "M-95": (6, None), "M-96": (4, None), "M-96.amount": ("840.00", None), "M-96.rewards": (0, None), "M-96.given": (0, None), "M-97": (2, None), "M-97.answered": (1, 2), "M-97.missed": (2, None), "M-97.wait": ("1.5", 1),
}  # fmt: skip
"""Part and whole of a share or mean, else the figure."""
READS = {
    "M-02": "50.0", "M-03": "78.0", "M-05": "80.0", "M-21": "150.0", "M-22": "57.1", "M-27": "112.5", "M-34": "33.3",
    "M-42": "16.8", "M-12.designer": "4.5", "M-12.foreman": "–", "M-44": "1,260.50", "M-80.opened": "–", "M-01": "3", "M-97.wait": "1.5", "M-90": "暂无数据来源",
}  # fmt: skip


def test_a_month_that_was_counted_by_hand(make, clock, sign_in):
    """Whole figures, split ones, the records behind them, and the same again after the month."""
    told = month.tell(make, clock)
    _every_figure_is_what_was_counted()
    _they_split_by_who_and_what()
    _each_opens_exactly_what_it_counts(sign_in(Role.MANAGER))
    _the_page_shows_them_beside_the_month_before(sign_in)
    _what_comes_later_changes_none(told, clock)


def _every_figure_is_what_was_counted():
    found = measure_all(session(), Company(), METRICS, MAY)
    wrong = {}
    for key, (part, whole) in BY_HAND.items():
        figure = found[key]
        if (figure.part, figure.whole) != (Decimal(part), None if whole is None else Decimal(whole)):
            wrong[key] = (figure.part, figure.whole)
    assert not wrong
    assert {key for key, figure in found.items() if figure.has_source} == set(BY_HAND)
    assert {key: shown(METRICS[key].unit, found[key]) for key in READS} == READS


def _they_split_by_who_and_what():
    def by(key, dimension):
        return {value: figure.value for value, figure in split(session(), Company(), key, MAY, dimension).items()}

    assert by("M-02", "designer") == {"许诺": Decimal("50.0"), "高平": Decimal("50.0")}
    assert by("M-03", "designer") == {"许诺": Decimal("83.5"), "高平": Decimal("72.5")}
    assert by("M-20", "category") == {"SITE": 2, "QUALITY": 1, "OTHER": 1}
    assert by("M-20", "department") == {"ENGINEERING": 3, "DESIGN": 1}
    assert by("M-27", "department") == {"ENGINEERING": Decimal("140.0"), "DESIGN": Decimal("30.0")}
    assert by("M-29.escalations", "category") == {"SITE": 1}
    assert by("M-29.borne", "department") == {"DESIGN": Decimal("4000.00")}
    assert by("M-29.borne", "foreman") == {"刘大勇": Decimal("4000.00")}
    assert by("M-26", "owner") == {"周晓雯": Decimal("0.0")}
    assert by("M-44", "bearer") == {
        "CREW": Decimal("1060.00"),
        "CUSTOMER": Decimal("80.50"),
        "COMPANY": Decimal("120.00"),
    }
    assert by("M-40", "warranty") == {"YES": 2, "NO": 1}
    assert by("M-12", "manager") == {"王志强": Decimal("50.0")}
    assert by("M-12.manager", "manager") == {"王志强": Decimal("2.0")}
    assert by("M-12.designer", "foreman") == {"刘大勇": Decimal("4.5")}
    assert by("M-12.unsatisfied", "stage") == {"CONCEALED": 1, "ONE_MONTH": 1}
    assert by("M-63.satisfied", "channel") == {"PHONE": Decimal("100.0"), "VISIT": Decimal("0.0")}
    assert by("M-71", "dimension") == {"OVERALL": Decimal("3.5"), "DESIGN": Decimal("4.0")}
    assert by("M-71.satisfied", "dimension") == {"OVERALL": Decimal("50.0"), "DESIGN": Decimal("100.0")}
    assert by("M-71.unsatisfied", "dimension") == {"OVERALL": 2}
    assert by("M-70.surveys", "manager") == {"王志强": 4}
    assert by("M-10", "stage") == {"START": 1, "CONCEALED": 1, "MID": 1, "ONE_MONTH": 1}
    assert by("M-52", "liability") == {"CUSTOMER": 1, "OTHER": 1}
    assert by("M-62", "band") == {"≥ 200,000": 1}
    assert by("M-95", "code") == {"DL-01": 1, "DL-04": 1, "DL-08": 1, "DL-10": 1, "DL-13": 1, "DL-22": 1}
    assert by("M-95", "person") == {
        "周晓雯": 4,
        "王志强": 1,
        None: 1,
    }  # a department's head answers, not who follows it
    assert by("M-96", "kind") == {"WARNING": 2, "COMMISSION_DEDUCTION": 2}
    assert by("M-90", "kind") == {}
    assert by("M-29.borne", "bearer") == {"COMPANY": Decimal("3000.00"), "PERSON": Decimal("1000.00")}
    assert by("M-97.answered", "kind") == {"CONSULT": Decimal("100.0"), "REPAIR": Decimal("0.0")}


def _each_opens_exactly_what_it_counts(manager):
    for key, side, number in (("M-22", "part", 4), ("M-22", "whole", 7), ("M-34", "whole", 3), ("M-41", "part", 1),
                              ("M-28", "part", 1), ("M-95", "whole", 6), ("M-12.designer", "whole", 2), ("M-12.unsatisfied", "whole", 2),
                              ("M-63.satisfied", "whole", 2), ("M-70.unsatisfied", "whole", 2), ("M-71.unsatisfied", "whole", 2), ("M-80.loans", "whole", 2),
                              ("M-80.complete", "part", 1), ("M-97.missed", "whole", 2), ("M-97.wait", "whole", 1), ("M-44", "whole", 2)):  # fmt: skip
        path = figure_lists.path(key, side, MAY)
        kind, _mark, query = path.removeprefix("/records/").partition("?")
        assert engine.count(session(), manager.user, kind, args_of(query), at=clock.now()) == (number, False), (
            key,
            side,
        )
    assert "M-44 维修费用" in manager.get(path, status=200).text
    for name in (
        "figure.M-22.part.20260531.20260501",
        "figure.M-22.part.20261301.20261302",
        "figure.M-40.whole.20260501.20260531",
    ):
        assert "无法识别" in manager.get(f"/records/complaints?filter={name}").text


def _the_page_shows_them_beside_the_month_before(sign_in):
    def told(role, query="from=2026-05-01&to=2026-05-31", status=200):
        text = re.sub(r"<[^>]+>|\s+", " ", sign_in(role).get(f"/records/metrics?{query}", status=status).text)
        return re.sub(r"\s+", " ", text)

    page = told(Role.MANAGER)
    for words in ("M-22 结案率 57.1 % 0.0 ▲ 57.1 4 ÷ 7", "M-44 维修费用 1,260.50 元 999.00 ▲ 261.50", "M-02 一次审核合格率 50.0 % – – 2 ÷ 4",
                  "M-90 会员数 暂无数据来源 尚无俱乐部的记录", "M-34 整改按时率 33.3 % – – 1 ÷ 3"):  # fmt: skip
        assert words in page
    assert "2026-04-01" in told(Role.MANAGER, "from=2026-04-01&to=2026-04-30")
    for query in (
        "from=2026-05-02&to=2026-05-01",
        "from=x&to=2026-05-01",
        "from=2026-05-01",
        "from=0001-01-01&to=0001-01-02",
    ):
        assert any(words in told(Role.MANAGER, query) for words in ("止日不得早于起日", "过长或过远"))
    captain = told(Role.REPAIR_CAPTAIN)
    assert "M-41" in captain and "M-22" not in captain and "M-95" not in captain
    told(Role.FRONT_DESK, status=403)


def _what_comes_later_changes_none(told, hands):
    waiting, covered = told.call("WATERPROOF", "05-20"), told.certificate("2025-03-01", "2030-02-28")
    before = measure_all(session(), Company(), METRICS, MAY)
    hands.set("2026-06-10 10:00")
    with transaction() as writing:
        still_open = select(Complaint).where(Complaint.closed_at.is_(None), ~Complaint.is_historical)
        for late, verdict in zip(writing.scalars(still_open), cycle(("ESTABLISHED", "NOT_ESTABLISHED"))):
            late.closed_at, late.state, late.verdict = month.moment("06-09 10:00"), "CLOSED", verdict
    told.stepped(waiting, "call-off", "CANCELLED", "06-03 10:00")
    told.stepped(told.site, "cancel", "CANCELLED", "06-03 10:00")
    told.stepped(covered, "void", "VOID", "06-04 10:00")
    with transaction() as writing:
        came_back = writing.get_one(ArchiveLoan, told.lent.id)
        came_back.returned_at, came_back.pages_back, came_back.condition = month.moment("06-01 09:00"), 10, "INTACT"
    told.stepped(told.lent, "return", "RETURNED", "06-01 09:00")
    sent_back = session().scalars(select(RepairFollowUp).where(RepairFollowUp.call.has(overall="UNSATISFIED"))).one()
    told.asked_after(sent_back.order, "06-02 10:00", "SATISFIED", 2)
    told.complaint("2026-06-05 10:00", "2026-06-06 10:00")
    told.repair("2026-06-05 10:00", "2026-06-06 10:00", ("CREW", "100.00"))
    told.penalty("FINE", "K-11", "06-05", "50.00", told.liu)
    assert measure_all(session(), Company(), METRICS, MAY) == before


def test_the_period_before():
    assert MAY.before == Period(date(2026, 4, 1), date(2026, 4, 30))
    assert Period(date(2026, 1, 1), date(2026, 3, 31)).before == Period(date(2025, 10, 1), date(2025, 12, 31))
    assert Period(date(2026, 5, 4), date(2026, 5, 10)).before == Period(date(2026, 4, 27), date(2026, 5, 3))
    with pytest.raises(ValueError, match="ends before"):
        Period(date(2026, 5, 2), date(2026, 5, 1))
