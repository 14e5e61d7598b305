"""The frame around every page: apps of the role, the menu of the app, clock, counts, person.

One table says which apps there are; what a person sees of it follows from the permissions. A part of the frame is
drawn once for all that it shows (`Facts`) and kept; only the clock, the token of the forms and the way back to this
page are put in on each request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from babel.dates import format_date
from flask import Flask, current_app, g, has_request_context, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from portal import clock, formatting, i18n
from portal.db import session
from portal.i18n import N_, Text, _p
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import workload

P = Permission

HOME_PATHS = {
    Role.FRONT_DESK: "/front-desk/",
    Role.SPECIALIST: "/specialist/",
    Role.REVIEWER: "/reviewer/",
    Role.REPAIR_CAPTAIN: "/repair-captain/",
    Role.MANAGER: "/manager/",
}
"""The start page of each role."""
DASHBOARD_PATHS = HOME_PATHS | {Role.REPAIR_CAPTAIN: "/repair-captain/dashboard"}
"""Where each role has its tiles: the captain starts with the jobs of the day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in a menu: where it is and who may open it. `exact` marks it active on this very path only."""

    label: Text
    path: str
    permission: Permission = P.HOME
    exact: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """An app in the rail: its pages, and the record kinds whose late tasks it counts."""

    label: Text
    icon: str
    entries: tuple[Entry, ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldArea:
    """Pages that go on without network: below `root`, for whoever has the permission; those of records below `records`."""

    permission: P
    root: str
    records: str


REPAIRS_ON_SITE = FieldArea(P.CAPTAIN_DESK, "/repair-captain/", "/repair-captain/jobs/")
INSPECTIONS_ON_SITE = FieldArea(P.PREACCEPT_WORK, "/reviewer/inspections/", "/reviewer/inspections/")
FIELD_AREAS = (REPAIRS_ON_SITE, INSPECTIONS_ON_SITE)


def records(kind: str) -> str:
    """The path of a record list."""
    return f"/records/{kind}"


DESK = App(
    N_("Desk"),
    "home",
    (
        Entry(N_("My day"), "/front-desk/", P.FRONT_DESK, exact=True),
        Entry(N_("Register a call"), "/front-desk/calls/new", P.FRONT_DESK),
        Entry(N_("Visitors"), "/front-desk/visitors", P.FRONT_DESK),
        Entry(N_("Log of the day"), "/front-desk/log", P.FRONT_DESK),
        Entry(N_("My day"), "/specialist/", P.SPECIALIST_DESK, exact=True),
        Entry(N_("My day"), "/reviewer/", P.REVIEWER_DESK, exact=True),
        Entry(N_("Jobs of today"), "/repair-captain/", P.CAPTAIN_DESK, exact=True),
        Entry(N_("My day"), "/repair-captain/dashboard", P.CAPTAIN_DESK),
        Entry(N_("Department board"), "/manager/", P.MANAGER_DESK, exact=True),
        Entry(N_("Promises"), "/manager/promises", P.MANAGER_DESK),
        Entry(N_("Tasks"), records("tasks")),
        Entry(N_("Notices"), records("notices")),
        Entry(N_("Printed forms"), records("documents"), P.DOCUMENT_PRINT),
        Entry(N_("Canned texts"), "/account/texts", P.NOTE_WRITE),
        Entry(N_("Exports"), "/records/exports", P.EXPORT),
    ),
)

APPS: tuple[App, ...] = (
    DESK,
    App(
        N_("Contacts", "app"),
        "phone",
        (
            Entry(N_("Calls, visits, messages"), records("consultations"), P.CONSULTATION_VIEW),
            Entry(N_("Messages of today"), "/records/lead-touches/today", P.TOUCH_WORK),
            Entry(N_("Pre-sale messages"), records("lead-touches"), P.TOUCH_VIEW),
        ),
        ("consultations", "lead-touches"),
    ),
    App(
        N_("Calls", "app"),
        "phone-call",
        (
            Entry(N_("Call desk"), "/specialist/calls", P.FOLLOW_UP_WORK),
            Entry(N_("Follow-up calls"), records("follow-up-calls"), P.FOLLOW_UP_VIEW),
            Entry(N_("Rounds of calls"), f"{records('follow-up-calls')}/rounds", P.FOLLOW_UP_VIEW),
            Entry(N_("Liaison slips"), records("follow-up-tickets"), P.FOLLOW_UP_VIEW),
            Entry(N_("Scripts of calls"), "/manager/call-scripts", P.FOLLOW_UP_DECIDE),
            Entry(N_("Leave to read call records"), "/manager/call-access", P.FOLLOW_UP_DECIDE),
        ),
        ("follow-up-calls", "follow-up-tickets"),
    ),
    App(
        N_("Complaints", "app"),
        "message-report",
        (
            Entry(N_("All complaints"), records("complaints"), P.COMPLAINT_VIEW),
            Entry(N_("Escalated"), records("escalations"), P.ESCALATION_VIEW),
            Entry(N_("What happens again"), "/manager/repeats", P.MANAGER_DESK),
        ),
        ("complaints", "escalations"),
    ),
    App(
        N_("Money and endings", "app"),
        "signature",
        (
            Entry(N_("To approve"), "/manager/approvals", P.APPROVAL_DECIDE),
            Entry(N_("Approvals"), records("approvals"), P.APPROVAL_VIEW),
            Entry(N_("Payment vouchers"), records("payment-vouchers"), P.VOUCHER_VIEW),
            Entry(N_("Cancellations"), records("cancellations"), P.CANCELLATION_VIEW),
            Entry(N_("Loss notices"), records("loss-notices"), P.CANCELLATION_VIEW),
            Entry(N_("Leave and who stands in"), "/manager/absences", P.ABSENCE_EDIT),
        ),
        ("approvals", "payment-vouchers", "cancellations", "loss-notices"),
    ),
    App(
        N_("Reviews", "app"),
        "ruler-2",
        (
            Entry(N_("Drawing reviews"), records("drawing-reviews"), P.REVIEW_VIEW),
            Entry(N_("Findings of reviews"), records("review-findings"), P.REVIEW_VIEW),
            Entry(N_("Designers at a glance"), "/records/drawing-reviews/designers", P.REVIEW_VIEW),
            Entry(N_("Catalogue of deductions"), "/records/deduction-rules", P.REVIEW_VIEW),
        ),
        ("drawing-reviews",),
    ),
    App(
        N_("Inspections", "app"),
        "clipboard-check",
        (
            Entry(N_("Inspections of a day"), "/records/pre-acceptances/day", P.PREACCEPT_VIEW),
            Entry(N_("Inspect on site"), INSPECTIONS_ON_SITE.root, P.PREACCEPT_WORK),
            Entry(N_("Pre-acceptance list"), "/records/pre-acceptances/week", P.PREACCEPT_VIEW),
            Entry(N_("Inspection schedule"), "/records/pre-acceptances/schedule", P.PREACCEPT_VIEW),
            Entry(N_("Pre-acceptances"), records("pre-acceptances"), P.PREACCEPT_VIEW),
            Entry(N_("Inspections"), records("inspections"), P.PREACCEPT_VIEW),
            Entry(N_("Rectification notices"), records("rectification-notices"), P.PREACCEPT_VIEW),
            Entry(N_("Lines of inspections"), "/manager/check-items", P.PREACCEPT_DECIDE),
        ),
        ("pre-acceptances", "inspections", "rectification-notices"),
    ),
    App(
        N_("Repairs", "app"),
        "tool",
        (
            Entry(N_("Repairs"), records("repair-orders"), P.REPAIR_VIEW),
            Entry(N_("Register a repair"), "/records/repair-orders/new", P.REPAIR_CREATE),
            Entry(N_("Warranty certificates"), records("warranties"), P.WARRANTY_VIEW),
            Entry(N_("Repair cost cases"), records("repair-cost-cases"), P.COST_CASE_VIEW),
            Entry(N_("Visits", "repair"), records("repair-visits"), P.REPAIR_VIEW),
            Entry(N_("Visits of a day"), "/records/repair-orders/visits", P.REPAIR_VIEW),
            Entry(N_("Rating of crews"), "/records/crew-ratings", P.CREW_RATING),
            Entry(N_("Met without signal"), "/manager/late-entries", P.CLOCK_DECIDE),
        ),
        ("repair-orders", "repair-visits", "warranties", "repair-cost-cases"),
    ),
    App(
        N_("Opinions", "app"),
        "star",
        (
            Entry(N_("Satisfaction surveys"), records("surveys"), P.SURVEY_VIEW),
            Entry(N_("New survey"), "/records/surveys/new", P.SURVEY_WORK),
            Entry(N_("Suggestions of customers"), records("suggestions"), P.SUGGESTION_VIEW),
            Entry(N_("Register a suggestion"), "/records/suggestions/new", P.SUGGESTION_CREATE),
        ),
        ("surveys", "suggestions"),
    ),
    App(
        N_("Penalties and rewards", "app"),
        "gavel",
        (
            Entry(N_("Penalties"), records("penalties"), P.PENALTY_VIEW),
            Entry(N_("Rewards"), records("rewards"), P.PENALTY_VIEW),
            Entry(N_("Ledger by month"), "/records/penalty-ledger", P.PENALTY_DECIDE),
            Entry(N_("Catalogue of penalties"), "/records/penalty-rules", P.PENALTY_VIEW),
        ),
        ("penalties", "rewards"),
    ),
    App(
        N_("Customers", "app"),
        "users",
        (
            Entry(N_("Customers"), records("customers"), P.CUSTOMER_VIEW),
            Entry(N_("Properties"), records("properties"), P.PROJECT_VIEW),
            Entry(N_("Projects"), records("projects"), P.PROJECT_VIEW),
            Entry(N_("Contracts"), records("contracts"), P.CONTRACT_VIEW),
            Entry(N_("Quotations"), records("quotations"), P.CONTRACT_VIEW),
            Entry(N_("Contract templates"), records("contract-templates"), P.CONTRACT_VIEW),
            Entry(N_("Loans", "archive"), records("archive-loans"), P.LOAN_VIEW),
            Entry(N_("Duplicates"), records("duplicates"), P.CUSTOMER_MERGE),
            Entry(N_("Import"), records("import-runs"), P.IMPORT_RUN),
        ),
        ("customers", "properties", "projects", "contracts", "quotations", "archive-loans"),
    ),
    App(
        N_("Works", "app"),
        "hammer",
        (
            Entry(N_("Dispatch orders"), records("dispatch-orders"), P.PROJECT_VIEW),
            Entry(N_("Stage acceptances"), records("stage-acceptances"), P.PROJECT_VIEW),
            Entry(N_("Changes", "works menu"), records("change-orders"), P.PROJECT_VIEW),
            Entry(N_("Delays", "works menu"), records("delays"), P.PROJECT_VIEW),
            Entry(N_("Safety", "works menu"), records("safety-notices"), P.PROJECT_VIEW),
            Entry(N_("Weekly words", "works menu"), records("weekly-reports"), P.PROJECT_VIEW),
            Entry(N_("Supervisor", "works menu"), records("supervisor-visits"), P.PROJECT_VIEW),
            Entry(N_("Open days", "works menu"), records("open-days"), P.PROJECT_VIEW),
            Entry(N_("Completion acceptances"), records("completions"), P.COMPLETION_VIEW),
        ),
        (
            "dispatch-orders",
            "stage-acceptances",
            "change-orders",
            "delays",
            "safety-notices",
            "weekly-reports",
            "supervisor-visits",
            "open-days",
            "completions",
        ),
    ),
    App(
        N_("People", "app"),
        "users-group",
        (
            Entry(N_("Parties"), records("parties"), P.PARTY_VIEW),
            Entry(N_("Crews"), records("crews"), P.PARTY_VIEW),
            Entry(N_("Branches"), records("branches"), P.PARTY_VIEW),
        ),
    ),
    App(
        N_("Reports", "app"),
        "report-analytics",
        (
            Entry(N_("Reports"), records("report-runs"), P.REPORT_VIEW),
            Entry(N_("Report calendar"), "/records/report-calendar", P.REPORT_VIEW),
            Entry(N_("Metrics"), "/records/metrics", P.METRIC_VIEW),
            Entry(N_("Wall board"), "/manager/wall", P.MANAGER_DESK),
        ),
        ("report-runs",),
    ),
    App(
        N_("Handbook", "app"),
        "book-2",
        (
            Entry(N_("Articles"), records("knowledge-articles"), P.KNOWLEDGE_VIEW),
            Entry(N_("Processes"), "/records/processes"),
        ),
        ("knowledge-articles",),
    ),
    App(
        N_("Administration", "app"),
        "settings",
        (
            Entry(N_("Users"), records("users"), P.USER_EDIT),
            Entry(N_("Settings"), "/manager/settings", P.SETTING_EDIT),
            Entry(N_("Task types"), "/manager/task-types", P.SETTING_EDIT),
            Entry(N_("Calendar"), "/manager/calendar", P.SETTING_EDIT),
            Entry(N_("Operations"), "/manager/operations", P.OPERATION_VIEW),
            Entry(N_("Audit log"), "/manager/audit", P.AUDIT_VIEW),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A place at the thumb, on a phone: it is open on its own pages and those below."""

    label: Text
    icon: str
    url: str

    @property
    def path(self) -> str:
        """Where its pages begin."""
        return self.url.partition("?")[0]


PHONE_TABS: dict[Role, tuple[Tab, ...]] = {
    Role.REPAIR_CAPTAIN: (
        Tab(N_("Today", "phone"), "tool", HOME_PATHS[Role.REPAIR_CAPTAIN]),
        Tab(
            N_("Calendar", "phone"),
            "calendar",
            f"{records('repair-orders')}?view=calendar&rows=appointment&span=agenda",
        ),
        Tab(N_("Costs", "phone"), "receipt", records("repair-cost-cases")),
        Tab(N_("Numbers", "phone"), "layout-dashboard", DASHBOARD_PATHS[Role.REPAIR_CAPTAIN]),
        Tab(N_("Me", "phone"), "user-circle", "/account/"),
    ),
}
"""Who works with the phone has these at the thumb on every narrow page, in place of the apps."""


@dataclass(frozen=True, slots=True)
class Person:
    """The person in the corner."""

    display_name: str
    role_label: str
    initials: str
    username: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the rail or of the app's menu."""

    label: str
    url: str
    active: bool
    icon: str = ""
    late_count: int = 0


TOKEN, BACK, NOW = "\ue000token\ue000", "\ue000back\ue000", "\ue000now\ue000"
"""Where a kept part leaves room for the token of its forms, the way back to the page, and the clock."""
LONGEST_BACK = 500
"""Signs of an address that one can be led back to."""
KEPT = 2_000
"""Parts of the frame; a few kilobytes each."""


class Facts(NamedTuple):
    """Everything a part of the frame says or depends on: two requests with the same facts get the same part."""

    username: str
    display_name: str
    role: str
    app: int
    here: str
    tab: str
    locale: str
    theme: str
    open: int
    late: int
    late_by_kind: tuple[tuple[str, int], ...]
    notice_count: int
    today: int
    soon: int


OWN_TASKS = records("tasks") + "?filter=mine,open"
"""The list of one's own open tasks."""


class Frame:
    """What the macros of components/shell.html read. Made from facts alone."""

    tasks_url = OWN_TASKS
    notices_url = records("notices")
    notices_count_url = "/account/notices/count"
    preferences_url = "/account/preferences"
    logout_url = "/account/sign-out"
    account_url = "/account/"
    palette_url = "/records/palette"
    token, back, now_text = TOKEN, BACK, NOW

    def __init__(self, facts: Facts) -> None:
        role = Role(facts.role)
        name, app = facts.display_name, APPS[facts.app]
        late = dict(facts.late_by_kind)
        self.user = Person(name, str(role.label), name[:1], facts.username)
        self.home_url = HOME_PATHS[role]
        self.locale, self.theme = facts.locale, facts.theme
        self.locales = list(i18n.LOCALES.items())
        self.task_count, self.task_late_count, self.notice_count = facts.open, facts.late, facts.notice_count
        self.task_today_count, self.task_soon_count = facts.today, facts.soon
        self.task_tallies = [
            ("late", _p("own tasks", "Late"), facts.late, f"{OWN_TASKS},overdue"),
            ("today", _p("own tasks", "Today"), facts.today, f"{OWN_TASKS},today"),
            ("soon", _p("own tasks", "In 24 hours"), facts.soon, f"{OWN_TASKS},soon"),
        ]
        self.app_title = str(app.label)
        self.menu = [Link(str(each.label), each.path, each.path == facts.here) for each in _pages(app, role)]
        self.apps = [
            Link(str(each.label), pages[0].path, each is app, each.icon, sum(late.get(kind, 0) for kind in each.kinds))
            for each in APPS
            if (pages := _pages(each, role))
        ]
        self.has_phone = role in PHONE_TABS
        """Whether narrow pages have the frame of the phone."""
        tabs = PHONE_TABS.get(role, ())
        self.tabs = [Link(str(each.label), each.url, each.path == facts.tab, each.icon) for each in tabs] or self.apps[
            :5
        ]


def draw(part: str, frame: Any) -> Markup:
    """A macro of components/shell.html for a frame."""
    return Markup(getattr(current_app.jinja_env.get_template("components/shell.html").module, part)(frame))


@lru_cache(maxsize=KEPT)
def _drawn(part: str, facts: Facts) -> str:
    return str(draw(part, Frame(facts)))


class Shell:
    """What the layouts read. Counts are asked of the database only when a layout shows them."""

    def __init__(self, user: User | None) -> None:
        self._user = user
        self.locale = i18n.locale()
        self.locales = list(i18n.LOCALES.items())
        self.env = _config("env")

    def part(self, name: str) -> Markup:
        """A part of the frame: rail, topbar, notice_link, user_menu, phone_tabs, palette, palette_icon."""
        html = _drawn(name, self._facts)
        if TOKEN in html:
            back = request.full_path.rstrip("?") if has_request_context() else ""
            back = back if len(back) <= LONGEST_BACK else request.path
            html = html.replace(TOKEN, str(escape(generate_csrf()))).replace(BACK, str(escape(back)))
        return Markup(html.replace(NOW, self.now_text))  # the part was drawn, and escaped, by a template

    @cached_property
    def _facts(self) -> Facts:
        user, counts = self._user, self.counts
        assert user is not None, "only pages of signed-in people have a frame"
        # A page that several lists share says whose it is now.
        path = g.get("menu_path", request.path) if has_request_context() else ""
        app, here = _place(path, user.role)
        return Facts(
            user.username, user.name, user.role, app, here, _tab(path, user.role), self.locale, user.theme, counts.open, counts.late,
            tuple(counts.late_by_kind.items()), counts.notices, counts.today, counts.soon,
        )  # fmt: skip

    @property
    def theme(self) -> str:
        """light, dark or auto."""
        return self._user.theme if self._user else (request.cookies.get("theme") or "auto")

    @property
    def home_url(self) -> str:
        """The person's dashboard."""
        return HOME_PATHS[Role(self._user.role)] if self._user else "/"

    @property
    def user(self) -> Person | None:
        """The signed-in person, or None."""
        if self._user is None:
            return None
        name = self._user.name
        return Person(name, str(Role(self._user.role).label), name[:1], self._user.username)

    @property
    def user_id(self) -> int | None:
        """The number of the signed-in person: what a phone keeps is kept under it."""
        return self._user.id if self._user else None

    @property
    def on_site(self) -> FieldArea | None:
        """The pages of a person who works where there may be no signal."""
        return next((area for area in FIELD_AREAS if may(self._user, area.permission)), None)

    @cached_property
    def counts(self) -> workload.Counts:
        """Open and late tasks of the person, unread notices."""
        return workload.counts(session(), self._user, formatting.page_moment()) if self._user else workload.Counts()

    @property
    def task_count(self) -> int:
        """Open tasks of the person."""
        return self.counts.open

    @cached_property
    def now_text(self) -> str:
        """The company's clock: 10-15 周四 09:00."""
        now = clock.local(formatting.page_moment())
        return f"{now:%m-%d} {_weekday(now.date(), self.locale)} {now:%H:%M}"


@lru_cache(maxsize=16)
def _weekday(day: date, locale: str) -> str:
    return str(format_date(day, "EEE", locale={"en": "en"}.get(locale, f"{locale}_CN")))


def _pages(app: App, role: Role) -> list[Entry]:
    return [entry for entry in app.entries if may(role, entry.permission)]


@lru_cache(maxsize=4_096)
def _place(path: str, role: str) -> tuple[int, str]:
    """The app a path belongs to, and the page of its menu that is open."""
    best, length = DESK, 0
    for app in APPS:
        for entry in app.entries:
            prefix = entry.path.rstrip("/")
            if (path + "/").startswith(prefix + "/") and len(prefix) > length:
                best, length = app, len(prefix)
    here = (entry.path for entry in _pages(best, Role(role)) if _is_at(entry, path))
    return APPS.index(best), max(here, key=len, default="")


@lru_cache(maxsize=4_096)
def _tab(path: str, role: str) -> str:
    tabs = PHONE_TABS.get(Role(role), ())
    return max((tab.path for tab in tabs if (path + "/").startswith(tab.path.rstrip("/") + "/")), key=len, default="")


def _is_at(entry: Entry, path: str) -> bool:
    return path == entry.path if entry.exact else (path + "/").startswith(entry.path.rstrip("/") + "/")


def _config(name: str) -> Any:
    return getattr(current_app.config["PORTAL"], name)


def init_app(app: Flask) -> None:
    """Give every template `shell`."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        if "shell" not in g:
            g.shell = Shell(g.get("user"))
        return {"shell": g.shell}
