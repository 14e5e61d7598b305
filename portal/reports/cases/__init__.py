"""Records one by one in reports: each function gives heads and rows, over what exists for the viewer."""

from __future__ import annotations

from portal.reports.cases.by_department import departments, missed_by_person
from portal.reports.cases.complaints import complaint_log, complaint_statistics, repeats, root_causes
from portal.reports.cases.days_on_duty import duty
from portal.reports.cases.follow_up import (
    open_slips,
    praise,
    slips_by_department,
    unsatisfied_calls,
    unsatisfied_surveys,
)
from portal.reports.cases.listed import Listed
from portal.reports.cases.outstanding import key_cases, old_cases
from portal.reports.cases.sites import activities, completed, open_homes, review_penalties

__all__ = [
    "Listed",
    "activities",
    "complaint_log",
    "complaint_statistics",
    "completed",
    "departments",
    "duty",
    "key_cases",
    "missed_by_person",
    "old_cases",
    "open_homes",
    "open_slips",
    "praise",
    "repeats",
    "review_penalties",
    "root_causes",
    "slips_by_department",
    "unsatisfied_calls",
    "unsatisfied_surveys",
]
