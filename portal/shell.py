"""The frame around every page: apps of the role, the menu of the app, clock, counts, person.

One table says which apps there are; what a person sees of it follows from the permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.dates import format_date
from flask import Flask, g, has_request_context, request

from portal import clock, i18n
from portal.db import session
from portal.i18n import N_, Text
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import notices, workload

P = Permission

HOME_PATHS = {
    Role.FRONT_DESK: "/front-desk/",
    Role.SPECIALIST: "/specialist/",
    Role.REVIEWER: "/reviewer/",
    Role.REPAIR_CAPTAIN: "/repair-captain/",
    Role.MANAGER: "/manager/",
}
"""The dashboard of each role."""


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
        Entry(N_("My day"), "/repair-captain/", P.CAPTAIN_DESK, exact=True),
        Entry(N_("Department board"), "/manager/", P.MANAGER_DESK, exact=True),
        Entry(N_("Tasks"), records("tasks")),
        Entry(N_("Notices"), "/account/notices"),
    ),
)

APPS: tuple[App, ...] = (
    DESK,
    App(
        N_("Contacts", "app"),
        "phone",
        (Entry(N_("Calls, visits, messages"), records("consultations"), P.CONSULTATION_VIEW),),
        ("consultations",),
    ),
    App(
        N_("Complaints", "app"),
        "message-report",
        (
            Entry(N_("All complaints"), records("complaints"), P.COMPLAINT_VIEW),
            Entry(N_("Escalated"), records("escalations"), P.ESCALATION_VIEW),
        ),
        ("complaints", "escalations"),
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
            Entry(N_("Import"), records("import-runs"), P.IMPORT_RUN),
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
        N_("Handbook", "app"),
        "book-2",
        (Entry(N_("Processes"), "/records/processes"),),
    ),
    App(
        N_("Administration", "app"),
        "settings",
        (
            Entry(N_("Users"), "/manager/users", P.USER_EDIT),
            Entry(N_("Settings"), "/manager/settings", P.SETTING_EDIT),
            Entry(N_("Calendar"), "/manager/calendar", P.SETTING_EDIT),
            Entry(N_("Operations"), "/manager/operations", P.OPERATION_VIEW),
            Entry(N_("Audit log"), "/manager/audit", P.AUDIT_VIEW),
        ),
    ),
)


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


class Shell:
    """What the layouts read. Counts are asked of the database only when a layout shows them."""

    def __init__(self, user: User | None) -> None:
        self._user = user
        self._counts: workload.Counts | None = None
        self._notice_count: int | None = None
        path = request.path if has_request_context() else ""
        self.path = path
        self.app = _app_of(path)
        self.locale = i18n.locale()
        self.locales = list(i18n.LOCALES.items())
        self.env = _config("env")
        self.tasks_url = records("tasks") + "?filter=mine,open"
        self.notices_url = "/account/notices"
        self.notices_count_url = "/account/notices/count"
        self.preferences_url = "/account/preferences"
        self.logout_url = "/account/sign-out"
        self.account_url = "/account/"
        self.palette_url = "/records/palette"

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
    def apps(self) -> list[Link]:
        """The apps that hold at least one page for this role."""
        links = []
        for app in APPS:
            pages = [entry for entry in app.entries if may(self._user, entry.permission)]
            if pages:
                late = sum(self.counts.late_by_kind.get(kind, 0) for kind in app.kinds)
                links.append(Link(str(app.label), pages[0].path, app is self.app, app.icon, late))
        return links

    @property
    def app_title(self) -> str:
        """The name of the app the page belongs to."""
        return str(self.app.label)

    @property
    def menu(self) -> list[Link]:
        """The pages of the app, for this role."""
        pages = [entry for entry in self.app.entries if may(self._user, entry.permission)]
        here = max((entry.path for entry in pages if self._is_at(entry)), key=len, default="")
        return [Link(str(entry.label), entry.path, entry.path == here) for entry in pages]

    def _is_at(self, entry: Entry) -> bool:
        return self.path == entry.path if entry.exact else (self.path + "/").startswith(entry.path.rstrip("/") + "/")

    @property
    def counts(self) -> workload.Counts:
        """Open and late tasks of the person."""
        if self._counts is None:
            self._counts = workload.counts(session(), self._user, clock.now()) if self._user else workload.Counts()
        return self._counts

    @property
    def task_count(self) -> int:
        """Open tasks of the person."""
        return self.counts.open

    @property
    def task_late_count(self) -> int:
        """Late tasks of the person."""
        return self.counts.late

    @property
    def notice_count(self) -> int:
        """Unread notices."""
        if self._notice_count is None:
            self._notice_count = notices.unread_count(session(), self._user) if self._user else 0
        return self._notice_count

    @property
    def now_text(self) -> str:
        """The company's clock: 10-15 周四 09:00."""
        now = clock.local(clock.now())
        weekday = format_date(now, "EEE", locale={"en": "en"}.get(i18n.locale(), f"{i18n.locale()}_CN"))
        return f"{now:%m-%d} {weekday} {now:%H:%M}"


def _app_of(path: str) -> App:
    best, length = DESK, 0
    for app in APPS:
        for entry in app.entries:
            prefix = entry.path.rstrip("/")
            if (path + "/").startswith(prefix + "/") and len(prefix) > length:
                best, length = app, len(prefix)
    return best


def _config(name: str) -> Any:
    from flask import current_app

    return getattr(current_app.config["PORTAL"], name)


def init_app(app: Flask) -> None:
    """Give every template `shell`."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        if "shell" not in g:
            g.shell = Shell(g.get("user"))
        return {"shell": g.shell}
