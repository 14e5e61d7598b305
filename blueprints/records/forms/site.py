"""The forms of what happens on a site between the start and the pre-acceptance."""

from __future__ import annotations

from decimal import Decimal

from blueprints.forms import (
    ChecksField,
    ChoiceField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TermField,
    TextField,
    WholeField,
)
from blueprints.records.forms.base import RecordForm
from portal import clock, visibility
from portal.db import session
from portal.i18n import N_
from portal.models.milestone import (
    ContactChannel,
    OpenDay,
    StageKind,
    StageResult,
    SupervisorVisitKind,
)
from portal.models.org import Party, PartyKind, User
from portal.models.project import Project, ProjectStage
from portal.services import change_orders, milestones

L = {name: field.label for name, field in milestones.FIELDS.items()}
H = {name: field.label for name, field in milestones.HAZARD_FIELDS.items()}
C = {name: field.label for name, field in change_orders.FIELDS.items()}
D = change_orders.D
PLEASE = N_("Please choose")
LEAST = Decimal("-99999999.99")
MOST_SITES = 60


class StageForm(RecordForm):
    """A stage was looked at."""

    SECTIONS = (
        (N_("Acceptance of a stage"), ("stage", "held_on", "place", "result", "items")),
        (N_("Before concealed works are covered"), ("customer_told_at", "supervisor_told_at", "covering_on")),
        (N_("Signed on the paper by"), ("customer_signed_by", "supervisor_signed_by", "pm_signed_by", "foreman_signed_by")),
        (N_("Other"), ("remarks",)),
    )  # fmt: skip
    WIDE = frozenset({"items", "remarks"})

    stage = TermField(L["stage"], StageKind, required=True, blank=PLEASE)
    held_on = LocalDateField(L["held_on"], required=True)
    place = TextField(L["place"], limit=200, required=True)
    result = TermField(L["result"], StageResult, required=True, blank=PLEASE)
    items = TextField(L["items"], limit=2000, rows=4, required=True)
    customer_told_at = LocalDateTimeField(L["customer_told_at"])
    supervisor_told_at = LocalDateTimeField(L["supervisor_told_at"])
    covering_on = LocalDateField(L["covering_on"])
    customer_signed_by = NameField(L["customer_signed_by"], required=False)
    supervisor_signed_by = NameField(L["supervisor_signed_by"], required=False)
    pm_signed_by = NameField(L["pm_signed_by"], required=False)
    foreman_signed_by = NameField(L["foreman_signed_by"], required=False)
    remarks = TextField(L["remarks"], limit=2000, rows=3)

    def prepare(self, project: Project, stage: str | None) -> StageForm:
        """Today, and the stage that was asked for."""
        if not self.is_submitted():
            self.held_on.data = clock.today(clock.now())
            self.stage.data = StageKind(stage) if stage in set(StageKind) else None
        return self

    def to_command(self) -> milestones.AcceptStage:
        """The command."""
        return milestones.AcceptStage(
            stage=str(self.stage.data),
            held_on=self.held_on.data,
            place=self.place.data,
            items=self.items.data,
            result=str(self.result.data),
            customer_told_at=self.customer_told_at.data,
            supervisor_told_at=self.supervisor_told_at.data,
            covering_on=self.covering_on.data,
            customer_signed_by=self.customer_signed_by.data,
            supervisor_signed_by=self.supervisor_signed_by.data,
            pm_signed_by=self.pm_signed_by.data,
            foreman_signed_by=self.foreman_signed_by.data,
            remarks=self.remarks.data,
        )


class ChangeOrderForm(RecordForm):
    """What is added or left out."""

    SECTIONS = ((N_("Change order"), ("items", "amount", "extra_days", "remarks")),)
    WIDE = frozenset({"items", "remarks"})

    items = TextField(C["items"], limit=2000, rows=4, required=True)
    amount = MoneyField(
        C["amount"], required=True, minimum=LEAST, description=N_("A minus before it where works are left out")
    )
    extra_days = WholeField(C["extra_days"], low=-365, high=365)
    remarks = TextField(C["remarks"], limit=2000, rows=3)

    def to_command(self) -> change_orders.Propose:
        """The command."""
        return change_orders.Propose(self.items.data, self.amount.data, self.extra_days.data or 0, self.remarks.data)


class DelayForm(RecordForm):
    """A later finish; the signature may come with it."""

    SECTIONS = (
        (N_("Delay", "works"), ("days", "stop", "cause")),
        (N_("Signed already"), ("customer_signed_by", "signed_on")),
    )
    WIDE = frozenset({"cause"})

    days = WholeField(D["days"], low=1, high=365, required=True)
    stop = ChoiceField(
        D["stop"], coerce=int, choices=[], blank=N_("No, another cause"),
        description=N_("The days of the stop have moved the works already; of another cause they come on top."),
    )  # fmt: skip
    cause = TextField(D["cause"], limit=2000, rows=3, required=True)
    customer_signed_by = NameField(
        D["customer_signed_by"], required=False, description=N_("Empty: the form waits for the signature.")
    )
    signed_on = LocalDateField(D["signed_on"])

    def prepare(self, project: Project) -> DelayForm:
        """The stops of the works; the last one that no form names yet is meant unless somebody says otherwise."""
        if not project.stops:
            del self.stop
            return self
        self.stop.choices = [(stop.id, stop.name) for stop in project.stops]
        meant = change_orders.open_stop(session(), project)
        if meant is not None and not self.is_submitted():
            self.stop.data = meant.id
        return self

    def to_command(self, project: Project) -> change_orders.Delay:
        """The command."""
        chosen = self.stop.data if "stop" in self else None
        return change_orders.Delay(
            self.cause.data, self.days.data, self.customer_signed_by.data or None, self.signed_on.data,
            next((stop for stop in project.stops if stop.id == chosen), None),
        )  # fmt: skip


class WeekForm(RecordForm):
    """What the project manager told the customer."""

    SECTIONS = (
        (N_("Weekly report to the customer"), ("told_at", "channel")),
        (N_("What was said"), ("progress", "quality", "safety", "next_week", "customer_words")),
    )
    WIDE = frozenset({"progress", "quality", "safety", "next_week", "customer_words"})

    told_at = LocalDateTimeField(N_("Told at", "works"), required=True)
    channel = TermField(N_("Channel"), ContactChannel, required=True)
    progress = TextField(N_("Progress"), limit=2000, rows=3, required=True)
    quality = TextField(N_("Quality"), limit=2000, rows=2)
    safety = TextField(N_("Safety"), limit=2000, rows=2)
    next_week = TextField(N_("Next week"), limit=2000, rows=2)
    customer_words = TextField(N_("What the customer said"), limit=2000, rows=3)

    def prepare(self, project: Project) -> WeekForm:
        """Now."""
        if not self.is_submitted():
            self.told_at.data = clock.now()
        return self

    def to_command(self) -> milestones.ReportWeek:
        """The command."""
        return milestones.ReportWeek(
            self.told_at.data,
            str(self.channel.data),
            self.progress.data,
            self.quality.data,
            self.safety.data,
            self.next_week.data,
            self.customer_words.data,
        )


class VisitForm(RecordForm):
    """A contact or a visit of the supervisor."""

    SECTIONS = ((N_("Supervisor"), ("kind", "held_on", "what")),)
    WIDE = frozenset({"what"})

    kind = TermField(N_("Counts as"), SupervisorVisitKind, required=True)
    held_on = LocalDateField(N_("On", "day"), required=True)
    what = TextField(N_("What was found or said"), limit=2000, rows=3, required=True)

    def prepare(self, project: Project) -> VisitForm:
        """Today."""
        if not self.is_submitted():
            self.held_on.data = clock.today(clock.now())
        return self


class OpenDayForm(RecordForm):
    """An open day on this site and others."""

    SECTIONS = ((N_("Open day"), ("held_on", "sites", "invited", "attended")),)
    WIDE = frozenset({"sites", "invited", "attended"})

    held_on = LocalDateField(N_("On", "day"), required=True)
    sites = ChecksField(N_("Other sites that are shown"))
    invited = TextField(N_("Customers invited"), limit=2000, rows=2, required=True)
    attended = TextField(N_("Who came, and what they said"), limit=2000, rows=3)

    def prepare(self, project: Project, person: User) -> OpenDayForm:
        """The sites at work that may be visited."""
        query = visibility.visible_to(person, Project).where(
            Project.stage == ProjectStage.IN_PROGRESS, Project.visit_allowed.is_(True), Project.id != project.id
        )
        found = session().scalars(query.order_by(Project.id.desc()).limit(MOST_SITES))
        self.sites.choices = [(one.id, f"{one.number} {one.property.address}") for one in found]
        return self


class AttendanceForm(RecordForm):
    """Who was invited to an open day, and who came."""

    FIELDS = milestones.OPEN_DAY_FIELDS
    SECTIONS = ((N_("Open day"), ("invited", "attended")),)
    WIDE = frozenset({"invited", "attended"})

    invited = TextField(N_("Customers invited"), limit=2000, rows=2, required=True)
    attended = TextField(N_("Who came, and what they said"), limit=2000, rows=3)

    def fill(self, record: OpenDay) -> None:
        """What is known."""
        self.invited.data, self.attended.data = record.invited, record.attended


class HazardForm(RecordForm):
    """A hazard on the site."""

    SECTIONS = ((N_("Safety notice"), ("found_on", "hazard", "responsible_id", "limit_on")),)
    WIDE = frozenset({"hazard"})

    found_on = LocalDateField(H["found_on"], required=True)
    hazard = TextField(H["hazard"], limit=2000, rows=3, required=True)
    responsible_id = ChoiceField(H["responsible_id"], coerce=int, choices=[], required=True, blank=PLEASE)
    limit_on = LocalDateField(H["limit_on"], required=True)

    def prepare(self, project: Project, person: User) -> HazardForm:
        """The people of sites; the foreman of this one as a rule."""
        posts = (PartyKind.FOREMAN, PartyKind.PROJECT_MANAGER, PartyKind.SUPERVISOR)
        query = visibility.visible_to(person, Party).where(Party.kind.in_(posts), Party.status != "DEPARTED")
        found = session().scalars(query.order_by(Party.name).limit(500))
        self.responsible_id.choices = [(one.id, one.name) for one in found]
        if not self.is_submitted():
            self.found_on.data, self.responsible_id.data = clock.today(clock.now()), project.foreman_id
        return self
