"""Who may do what: one table, refused unless granted. Source: `domain.md` 7.1.

A permission says what may be done at all; which rows it reaches is `visible_to` of the record's service.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from portal.i18n import N_, Text


class Role(StrEnum):
    """The five roles of people with a login."""

    FRONT_DESK = "FRONT_DESK"
    SPECIALIST = "SPECIALIST"
    REVIEWER = "REVIEWER"
    REPAIR_CAPTAIN = "REPAIR_CAPTAIN"
    MANAGER = "MANAGER"

    @property
    def label(self) -> Text:
        """The role as people call it."""
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.FRONT_DESK: N_("Front desk", "role"),
    Role.SPECIALIST: N_("Specialist", "role"),
    Role.REVIEWER: N_("Reviewer", "role"),
    Role.REPAIR_CAPTAIN: N_("Repair captain", "role"),
    Role.MANAGER: N_("Manager", "role"),
}


class Permission(StrEnum):
    """`resource:action`."""

    HOME = "home:view"
    """Own dashboard, own notices, own tasks, own account: everybody who is signed in."""
    FRONT_DESK = "front-desk:work"
    SPECIALIST_DESK = "specialist:work"
    REVIEWER_DESK = "reviewer:work"
    CAPTAIN_DESK = "repair-captain:work"
    MANAGER_DESK = "manager:work"

    CONSULTATION_VIEW = "consultation:view"
    CONSULTATION_CREATE = "consultation:create"
    CONSULTATION_WORK = "consultation:work"

    TOUCH_VIEW = "lead-touch:view"
    TOUCH_WORK = "lead-touch:work"
    """Send pre-sale messages, skip them, note what the customer said."""

    CUSTOMER_VIEW = "customer:view"
    CUSTOMER_CREATE = "customer:create"
    CUSTOMER_EDIT = "customer:edit"
    CUSTOMER_GRADE = "customer:grade"
    CUSTOMER_ASSIGN = "customer:assign"
    CUSTOMER_UNMASK = "customer:unmask"
    CUSTOMER_MERGE = "customer:merge"
    """Say that two customers, homes or parties are one, or that they are not; merge them and take that back."""
    EXPORT = "record:export"
    """Take out the log of the day, and full phone numbers with an export (7.1)."""
    EXPORT_RUN = "export:run"
    """Take out lists one sees, phones masked; specialists once the manager switches it on (`export_specialists`)."""

    PROJECT_VIEW = "project:view"
    PROJECT_EDIT = "project:edit"
    PROJECT_PLACE = "project:place"
    """Say where works stand that were begun before the portal."""
    CONTRACT_VIEW = "contract:view"
    CONTRACT_EDIT = "contract:edit"
    PARTY_VIEW = "party:view"
    PARTY_EDIT = "party:edit"
    IMPORT_RUN = "import:run"

    COMPLAINT_VIEW = "complaint:view"
    COMPLAINT_PREFILL = "complaint:prefill"
    COMPLAINT_WORK = "complaint:work"
    COMPLAINT_REFUSE = "complaint:refuse"
    COMPLAINT_REASSIGN = "complaint:reassign"
    COMPLAINT_SEE_PLAN = "complaint:see-plan"
    ESCALATION_SUBMIT = "escalation:submit"
    ESCALATION_VIEW = "escalation:view"
    ESCALATION_WORK = "escalation:work"
    VOUCHER_VIEW = "voucher:view"
    """Payment vouchers (F-08)."""
    CANCELLATION_VIEW = "cancellation:view"
    CANCELLATION_WORK = "cancellation:work"
    """Record the application, opinions, what finance verified, who was told; void and close."""
    CANCELLATION_DECIDE = "cancellation:decide"
    """Sign the liability, record what the general manager decided."""
    APPROVAL_VIEW = "approval:view"
    APPROVAL_DECIDE = "approval:decide"
    """Decide, record what leaders decided, forward, take back; say who stands in for whom."""

    LOAN_VIEW = "archive-loan:view"
    LOAN_ASK = "archive-loan:ask"
    """Ask for the file of a project one sees, for one's own need; specialists and managers also for others (R-21)."""
    LOAN_KEEP = "archive-loan:keep"
    """Hand files out, take them back, note what is lost."""

    COMPLETION_VIEW = "completion:view"
    COMPLETION_WORK = "completion:work"
    """Prepare the acceptance, send the notice, write down what the customer says, record the last money."""
    REVIEW_VIEW = "review:view"
    REVIEW_SUBMIT = "review:submit"
    """Hand drawings in for review, also again and after changes; note who signed for a return."""
    REVIEW_DECIDE = "review:decide"
    """Sit at the bench: findings, score, pass or return."""
    REVIEW_BYPASS = "review:bypass"
    """Register that a contract was signed although its review had not passed."""
    REVIEW_WITHDRAW = "review:withdraw"

    WARRANTY_VIEW = "warranty:view"
    WARRANTY_ISSUE = "warranty:issue"
    WARRANTY_CONSENT = "warranty:consent"
    """Consent to a certificate that is issued again."""
    WARRANTY_VOID = "warranty:void"
    REPAIR_VIEW = "repair:view"
    REPAIR_CREATE = "repair:create"
    REPAIR_CHECK = "repair:check"
    """Consult the archive, say whether it is in warranty, give it to a crew."""
    REPAIR_WORK = "repair:work"
    """On site: cause, plan, quote, work, costs, signature."""
    REPAIR_ANSWER = "repair:answer"
    """Note how the customer answered a quote."""
    REPAIR_PLAN = "repair:plan"
    """Agree on a visit and move it."""
    REPAIR_PAYMENT = "repair:payment"
    """Note what the customer paid for a repair."""
    REPAIR_CLOSE = "repair:close"
    """Call after the repair; close it, have it done again, make it a complaint."""
    CLOCK_DECIDE = "clock:decide"
    """Accept or refuse that a clock was met without signal."""
    COST_CASE_VIEW = "repair-cost:view"
    COST_CASE_WORK = "repair-cost:work"
    """Estimate and actual cost."""
    COST_CASE_RECORD = "repair-cost:record"
    """What engineering confirmed, and that the executing crew was paid."""
    COST_CASE_APPROVE = "repair-cost:approve"
    """Approve and book."""

    PREACCEPT_VIEW = "pre-acceptance:view"
    PREACCEPT_LIST = "pre-acceptance:list"
    """Record engineering's list, and what a foreman reports of a rectification."""
    PREACCEPT_WORK = "pre-acceptance:work"
    """Schedule, inspect, issue notices, re-inspect."""
    PREACCEPT_DECIDE = "pre-acceptance:decide"
    """Admit late entries; decide on inspections that could not be held; keep the lines of inspections."""

    PENALTY_VIEW = "penalty:view"
    """Penalties and rewards alike (7.1): one ledger."""
    PENALTY_PROPOSE = "penalty:propose"
    PENALTY_DECIDE = "penalty:decide"
    """Approve, reject, decide appeals; change the catalogue, close a month of the ledger."""
    PENALTY_EXECUTE = "penalty:execute"
    """Send to HR, finance or engineering, note as carried out, record an appeal."""
    SURVEY_VIEW = "survey:view"
    SURVEY_WORK = "survey:work"
    """Start surveys, hand out their links, enter the answers."""
    SURVEY_VOID = "survey:void"
    """Make answers void that count already."""
    SUGGESTION_VIEW = "suggestion:view"
    SUGGESTION_CREATE = "suggestion:create"
    SUGGESTION_WORK = "suggestion:work"
    """Weigh and send suggestions, record what the department decides and does, tell the customer."""
    CREW_RATING = "crew:rating"
    """See how crews are rated by the repairs of what they built."""

    FOLLOW_UP_VIEW = "follow-up:view"
    """Follow-up calls and liaison slips; which ones is R-20."""
    FOLLOW_UP_WORK = "follow-up:work"
    """Call, write down, open slips and follow them to the end."""
    FOLLOW_UP_DECIDE = "follow-up:decide"
    """Cancel calls, allow a visit in place of one, set other limits, decide who else reads, keep the scripts."""
    FOLLOW_UP_ACCESS = "follow-up:access"
    """Ask to read the call records of a project that one does not handle (R-20)."""
    METRIC_VIEW = "metric:view"
    """See the metrics of any period, as far as one sees the records behind them."""
    REPORT_VIEW = "report:view"
    """See reports; the front desk and reviewers their own ones."""
    REPORT_GENERATE = "report:generate"
    """Have a report drawn up for any period, write what is said in it, make a correction."""
    REPORT_SIGN = "report:sign"
    REPORT_SEND = "report:send"
    """Hand a signed report to its recipients, by e-mail or otherwise."""
    REPORT_EXPORT = "report:export"
    """Take a report out as a workbook."""

    KNOWLEDGE_VIEW = "knowledge:view"
    """Read articles, and confirm having read them."""
    KNOWLEDGE_WRITE = "knowledge:write"
    """Write drafts and new editions, ask for their approval."""
    KNOWLEDGE_DECIDE = "knowledge:decide"
    """Approve and retire articles; see who has not read them."""

    FAVOURITE_SHARE = "favourite:share"
    """Give favourites of lists to everybody or to any role; the others share with their own role."""

    NOTE_WRITE = "note:write"
    TASK_SET = "task:set"
    """Set a task by hand on a record one sees, for those who see it too."""
    FOLLOWER_ADD = "follower:add"
    """Let colleagues follow a record, and bring in reviewers and captains, who see what is given to them."""
    ATTACHMENT_ADD = "attachment:add"
    DOCUMENT_PRINT = "document:print"
    DOCUMENT_PRINT_RESTRICTED = "document:print-restricted"
    """F-07, F-08, F-22, F-26 and penalties: manager only."""

    ABSENCE_EDIT = "absence:edit"
    """Say of anybody that they are away and who stands in; everybody says it of themselves."""
    USER_EDIT = "user:edit"
    SETTING_EDIT = "setting:edit"
    OPERATION_VIEW = "operation:view"
    AUDIT_VIEW = "audit:view"


P = Permission
_EVERYBODY = {
    P.HOME,
    P.NOTE_WRITE,
    P.TASK_SET,
    P.ATTACHMENT_ADD,
    P.DOCUMENT_PRINT,
    P.CUSTOMER_VIEW,
    P.PARTY_VIEW,
    P.KNOWLEDGE_VIEW,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.FRONT_DESK: frozenset(
        _EVERYBODY
        | {
            P.FRONT_DESK,
            P.CONSULTATION_VIEW,
            P.CONSULTATION_CREATE,
            P.CONSULTATION_WORK,
            P.TOUCH_VIEW,
            P.TOUCH_WORK,
            P.CUSTOMER_CREATE,
            P.COMPLAINT_PREFILL,
            P.REPAIR_CREATE,
            P.SURVEY_VIEW,
            P.SUGGESTION_VIEW,
            P.SUGGESTION_CREATE,
            P.REPORT_VIEW,
            P.REPORT_GENERATE,
        }
    ),
    Role.SPECIALIST: frozenset(
        _EVERYBODY
        | {
            P.SPECIALIST_DESK,
            P.FOLLOWER_ADD,
            P.CONSULTATION_VIEW,
            P.CONSULTATION_CREATE,
            P.CONSULTATION_WORK,
            P.TOUCH_VIEW,
            P.TOUCH_WORK,
            P.CUSTOMER_CREATE,
            P.CUSTOMER_EDIT,
            P.CUSTOMER_UNMASK,
            P.CUSTOMER_MERGE,
            P.PROJECT_VIEW,
            P.PROJECT_EDIT,
            P.CONTRACT_VIEW,
            P.CONTRACT_EDIT,
            P.PARTY_EDIT,
            P.IMPORT_RUN,
            P.EXPORT_RUN,
            P.COMPLAINT_VIEW,
            P.COMPLAINT_PREFILL,
            P.COMPLAINT_WORK,
            P.ESCALATION_SUBMIT,
            P.ESCALATION_VIEW,
            P.CANCELLATION_VIEW,
            P.CANCELLATION_WORK,
            P.APPROVAL_VIEW,
            P.LOAN_VIEW,
            P.LOAN_ASK,
            P.LOAN_KEEP,
            P.COMPLETION_VIEW,
            P.REVIEW_VIEW,
            P.REVIEW_SUBMIT,
            P.REVIEW_BYPASS,
            P.REVIEW_WITHDRAW,
            P.WARRANTY_VIEW,
            P.COMPLETION_WORK,
            P.WARRANTY_ISSUE,
            P.REPAIR_VIEW,
            P.REPAIR_CREATE,
            P.REPAIR_CHECK,
            P.REPAIR_ANSWER,
            P.REPAIR_PLAN,
            P.REPAIR_PAYMENT,
            P.REPAIR_CLOSE,
            P.COST_CASE_VIEW,
            P.COST_CASE_RECORD,
            P.SURVEY_VIEW,
            P.SURVEY_WORK,
            P.SUGGESTION_VIEW,
            P.SUGGESTION_CREATE,
            P.SUGGESTION_WORK,
            P.CREW_RATING,
            P.PENALTY_VIEW,
            P.PENALTY_PROPOSE,
            P.PENALTY_EXECUTE,
            P.PREACCEPT_VIEW,
            P.PREACCEPT_LIST,
            P.FOLLOW_UP_VIEW,
            P.FOLLOW_UP_WORK,
            P.FOLLOW_UP_ACCESS,
            P.METRIC_VIEW,
            P.REPORT_VIEW,
            P.REPORT_GENERATE,
            P.REPORT_SEND,
            P.KNOWLEDGE_WRITE,
        }
    ),
    Role.REVIEWER: frozenset(
        _EVERYBODY
        | {
            P.REVIEWER_DESK,
            P.CONSULTATION_VIEW,
            P.TOUCH_VIEW,
            P.PROJECT_VIEW,
            P.CONTRACT_VIEW,
            P.COMPLAINT_VIEW,
            P.COMPLETION_VIEW,
            P.REVIEW_VIEW,
            P.REVIEW_SUBMIT,
            P.REVIEW_DECIDE,
            P.REVIEW_BYPASS,
            P.WARRANTY_VIEW,
            P.PENALTY_VIEW,
            P.PENALTY_PROPOSE,
            P.LOAN_VIEW,
            P.LOAN_ASK,
            P.PREACCEPT_VIEW,
            P.PREACCEPT_LIST,
            P.PREACCEPT_WORK,
            P.FOLLOW_UP_VIEW,
            P.FOLLOW_UP_ACCESS,
            P.REPORT_VIEW,
            P.REPORT_GENERATE,
            P.KNOWLEDGE_WRITE,
        }
    ),
    Role.REPAIR_CAPTAIN: frozenset(
        _EVERYBODY
        | {
            P.CAPTAIN_DESK,
            P.PROJECT_VIEW,
            P.LOAN_VIEW,
            P.LOAN_ASK,
            P.COMPLAINT_VIEW,
            P.CUSTOMER_UNMASK,
            P.COMPLETION_VIEW,
            P.WARRANTY_VIEW,
            P.REPAIR_VIEW,
            P.REPAIR_WORK,
            P.REPAIR_ANSWER,
            P.REPAIR_PLAN,
            P.REPAIR_PAYMENT,
            P.COST_CASE_VIEW,
            P.COST_CASE_WORK,
            P.APPROVAL_VIEW,
            P.PENALTY_VIEW,
            P.PENALTY_PROPOSE,
            P.FOLLOW_UP_VIEW,
            P.FOLLOW_UP_ACCESS,
            P.METRIC_VIEW,
            P.KNOWLEDGE_WRITE,
        }
    ),
    Role.MANAGER: frozenset(
        set(Permission)
        - {P.FRONT_DESK, P.SPECIALIST_DESK, P.REVIEWER_DESK, P.CAPTAIN_DESK}
        - {P.REVIEW_SUBMIT, P.REVIEW_DECIDE, P.REVIEW_WITHDRAW}
        - {P.PREACCEPT_LIST, P.PREACCEPT_WORK}
    ),
}


_GRANTED: dict[str, frozenset[Permission]] = {role.value: granted for role, granted in GRANTS.items()}
"""By the role as it is stored: asked some hundred times for a page."""


class HasRole(Protocol):
    """Anybody with a role."""

    @property
    def role(self) -> str: ...


def may(person: HasRole | Role | None, permission: Permission) -> bool:
    """Whether the person's role is granted the permission; nobody signed in may nothing."""
    if person is None:
        return False
    role: str = person if isinstance(person, Role) else person.role
    return permission in _GRANTED.get(role, frozenset())


def who_may(permission: Permission) -> list[Role]:
    """The roles that may, in the order of the table; for the sentence on a grey button."""
    return [role for role in Role if permission in GRANTS[role]]
