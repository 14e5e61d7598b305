"""What a call counts for, what an answer leads to, when a customer may be called. Source: `domain.md` 5.2, 5.4, C-6."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest

from portal.calendar.hours import hours_text, parse_hours
from portal.processes import follow_up as rules
from portal.processes.follow_up import AnsweredBy, CallStage, Manner, Overall

EFFECTIVE_STAGES = {"START", "CONCEALED", "MID", "COMPLETION"}
EFFECTIVE_MANNERS = {"PHONE", "VISIT"}
EFFECTIVE_PEOPLE = {"CUSTOMER", "REPRESENTATIVE"}


def test_what_makes_a_call_effective():
    """Every combination against the sentence of 5.2, copied by hand."""
    opinions = [*Overall, None]
    people = [*AnsweredBy, None]
    ways = product(CallStage, [*Manner, None], people, opinions, (True, False), (True, False))
    seen = 0
    for stage, manner, person, overall, all_answered, is_open in ways:
        expected = (
            stage.value in EFFECTIVE_STAGES
            and manner in EFFECTIVE_MANNERS
            and person in EFFECTIVE_PEOPLE
            and overall is not None
            and all_answered
            and is_open
        )
        found = rules.is_effective(
            stage=stage, manner=manner, answered_by=person, overall=overall, all_answered=all_answered, is_open=is_open
        )
        assert found is expected, (stage, manner, person, overall, all_answered, is_open)
        seen += found
    assert seen == 4 * 2 * 2 * 3  # an unsatisfied customer was reached all the same


SLIP_ON_NO = {"code": "a", "kind": "YES_NO", "required": True, "opens": "SLIP", "when": "NO"}
INCIDENT_ON_YES = {"code": "b", "kind": "YES_NO", "required": True, "opens": "INCIDENT", "when": "YES"}
SLIP_ON_LOW = {"code": "c", "kind": "SCORE", "required": False, "opens": "SLIP", "when": "LOW"}
WISH = {"code": "d", "kind": "TEXT", "required": False, "opens": "SUGGESTION", "when": "ANY"}
PLAIN = {"code": "e", "kind": "YES_NO", "required": False}


@pytest.mark.parametrize(
    ("item", "value", "score", "expected"),
    [
        (SLIP_ON_NO, "NO", None, "SLIP"), (SLIP_ON_NO, "YES", None, None), (SLIP_ON_NO, None, None, None),
        (INCIDENT_ON_YES, "YES", None, "INCIDENT"), (INCIDENT_ON_YES, "NO", None, None),
        (SLIP_ON_LOW, None, 2, "SLIP"), (SLIP_ON_LOW, None, 3, None), (SLIP_ON_LOW, None, 1, "SLIP"),
        (WISH, "多放插座", None, "SUGGESTION"), (WISH, "", None, None), (PLAIN, "NO", None, None),
    ],
)  # fmt: skip
def test_what_an_answer_leads_to(item, value, score, expected):
    assert rules.leads_to(item, value, score) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("午休 12:00-14:00",), "12:00-14:00"),
        (("中午12：00～13：30，晚上20:00至22:00",), "12:00-13:30, 20:00-22:00"),
        (("12:00-14:00", "13:00 - 15:00 开会"), "12:00-15:00"),
        (("工作时间不便", None, ""), ""),
        (("22:00-07:00",), "00:00-07:00, 22:00-24:00"),
        (("晚上 20:30–次日不便", "20:00到09:30"), "00:00-09:30, 20:00-24:00"),
        (("12:00-12:00",), ""),
        (("99:00-12:00",), ""),
    ],
)
def test_times_to_avoid_are_read_out_of_what_was_said(said, expected):
    assert hours_text(rules.avoided(*said)) == expected


HOURS = parse_hours("09:00-12:00, 14:00-20:00")
AVOID = parse_hours("09:30-10:30, 18:00-20:00")


@pytest.mark.parametrize(
    ("wanted", "avoid", "offered"),
    [
        ("2026-05-11 09:00", "", "2026-05-11 09:00"),
        ("2026-05-11 08:00", "", "2026-05-11 09:00"),
        ("2026-05-11 12:00", "", "2026-05-11 14:00"),
        ("2026-05-11 19:59", "", "2026-05-11 19:59"),
        ("2026-05-11 09:05:17", "", "2026-05-11 09:05:17"),
        ("2026-05-11 08:05:17", "", "2026-05-11 09:00"),
        ("2026-05-11 20:00", "", "2026-05-12 09:00"),
        ("2026-05-11 09:30", AVOID, "2026-05-11 10:30"),
        ("2026-05-11 17:59", AVOID, "2026-05-11 17:59"),
        ("2026-05-11 18:00", AVOID, "2026-05-12 09:00"),
        ("2026-12-31 20:30", AVOID, "2027-01-01 09:00"),
        ("2026-05-11 09:00", parse_hours("00:00-24:00"), "2026-05-11 09:00"),
        ("2026-05-11 18:30", rules.avoided("18:00-10:00"), "2026-05-12 10:00"),
    ],
)
def test_nobody_is_called_in_rest_time_or_when_it_is_not_wanted(wanted, avoid, offered):
    found = rules.next_allowed(datetime.fromisoformat(wanted), HOURS, avoid or ())
    assert found == datetime.fromisoformat(offered)
