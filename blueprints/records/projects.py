"""Pages of projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, get_or_404, requires, see_other
from blueprints.records import blueprint, editing, project_view, showing, site_view
from blueprints.records.forms.works import ProjectForm
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, _, _p
from portal.models.contract import Contract, ContractState
from portal.models.customer import Property
from portal.models.project import Project, ProjectStage
from portal.permissions import Permission, may
from portal.processes.project import PaperStage, StopReason, missing_papers
from portal.services import completions, contracts, projects, properties, record_kinds

P = Permission
TICK = Markup('{} <a class="strong" href="{}">{}</a>')
GROUPS = (
    (N_("Project"), ("kind", "branch_id", "contract_days", "is_model_house", "visit_allowed")),
    (N_("People"), ("designer_id", "sales_id", "project_manager_id", "foreman_id", "crew_id", "supervisor_id")),
    (N_("Dates"), ("planned_start_on", "actual_start_on", "planned_finish_on", "actual_finish_on", "remarks")),
    (N_("File", "archive"), ("archive_number", "archive_shelf", "archive_secrecy")),
)
PEOPLE = (Project.designer, Project.sales, Project.project_manager, Project.foreman, Project.crew, Project.supervisor)


NAMED = tuple(joinedload(link) for link in (Project.customer, Project.property, Project.branch, *PEOPLE))


def find(number: str) -> Project:
    """The project of that number, if it exists for the person, with all that its page names. Raises NotFound."""
    return find_or_404(Project, number, NAMED)


@blueprint.get("/projects/<number>")
@requires(P.PROJECT_VIEW)
def project(number: str) -> ResponseReturnValue:
    """A project: what, who, when; on tabs its contract, complaints, repairs and certificates."""
    record = find(number)
    counts = record_kinds.counts(session(), g.user, "project_id", record.id, COUNTED)
    return showing.show(
        record,
        record.property.address,
        projects.FIELDS,
        GROUPS,
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (ProjectStage.show(record.stage), ""),
        ],
        smart=_smart(record, counts),
        actions=_actions(record),
        notes=_notes(record),
        tables=[project_view.plan(record)],
        tabs=_tabs(record, counts),
        household_url=f"{editing.path(record.customer)}/household",
        template="records/projects/show.html",
        site=site_view.strip(record) if showing.is_facts() else {},
    )


COUNTED = ("contracts", "complaints", "repair-orders", "warranties", "surveys", "archive-loans")


def _smart(record: Project, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    if not may(g.user, P.COMPLAINT_VIEW):
        return []
    url = f"/records/complaints?filter=project.{record.id}"
    return [{"count": counts["complaints"], "label": _("Complaints"), "icon": "message-report", "url": url}]


def _tabs(record: Project, counts: Mapping[str, int]) -> list[showing.Tab]:
    view = project_view
    money = showing.Tab(
        "contract", _("Contract"), lambda: [_contracts(record), *view.payments(record)], counts["contracts"]
    )
    acceptance = showing.Tab("acceptance", _("Completion acceptance"), lambda: [view.acceptance(record)])
    cases = ("cases", _("Cases"), ("complaints", "repair-orders", "warranties", "surveys", "archive-loans"))
    return [
        showing.Tab("dispatch", _("Dispatch and start"), lambda: view.dispatch(record)),
        showing.Tab("site", _p("works", "On site"), lambda: site_view.tables(record)),
        showing.Tab("papers", _("Papers"), lambda: view.papers(record)),
        *([acceptance] if may(g.user, P.COMPLETION_VIEW) else []),
        *([money] if may(g.user, P.CONTRACT_VIEW) else []),
        *showing.related_tabs([cases], f"project.{record.id}", counts),
    ]


def _notes(record: Project) -> list[tuple[str, str]]:
    """What is missing, and why works stand still."""
    said = []
    if record.stage == ProjectStage.SUSPENDED and record.stops:
        stop = record.stops[-1]
        about = {"day": formatting.full_date(stop.since), "reason": StopReason.show(stop.reason), "what": stop.what}
        said.append(("alert-circle", _("Works are stopped since %(day)s (%(reason)s): %(what)s", **about)))
    missing = missing_papers(record, PaperStage.SIGNING)
    if missing and record.stage == ProjectStage.ARCHIVED:
        said.append(("file-text", _("Missing in the file: %(papers)s", papers="、".join(missing))))
    if _may_prepare(record) and (missing := completions.missing_papers(session(), record)):
        sentence = _("Missing in the file: %(papers)s", papers="、".join(missing))
        said.append(("file-text", TICK.format(sentence, f"{editing.path(record)}/papers/completion", _("Tick papers"))))
    return said


def _may_prepare(record: Project) -> bool:
    """Whether the next thing to do here is to prepare the acceptance by the customer."""
    is_next = record.stage == ProjectStage.PRE_ACCEPTED and completions.of_project(session(), record.id) is None
    return is_next and may(g.user, P.PROJECT_EDIT) and may(g.user, P.COMPLETION_WORK)


def _prepare_action(record: Project) -> dict[str, Any]:
    missing = completions.lacking(session(), record)
    return {
        "label": _("Prepare the acceptance"),
        "url": f"{editing.path(record)}/completion",
        "method": "post",
        "id": "why-completion",
        "blocked": bool(missing),
        "reasons": [(_("Missing: %(condition)s", condition=each), False) for each in missing],
    }


def _actions(record: Project) -> list[dict[str, Any]]:
    base, beside = editing.path(record), []
    if may(g.user, P.FOLLOW_UP_ACCESS) and not may(g.user, P.FOLLOW_UP_DECIDE) and record.owner != g.user:
        beside.append(
            {"label": _("Ask to read the call records"), "url": f"{base}/call-access", "icon": "lock", "quiet": True}
        )
    if may(g.user, P.LOAN_ASK) and record.stage != ProjectStage.SIGNED:
        url = f"{base}/archive-loans/new"
        beside.append({"label": _("Ask for the file"), "url": url, "icon": "archive", "quiet": True})
    if not may(g.user, P.PROJECT_EDIT):
        return beside
    if record.stage in (ProjectStage.SIGNED, ProjectStage.ARCHIVED):
        beside.append({"label": _("Papers"), "url": f"{base}/papers/signing", "icon": "file-text"})
    if record.stage in (ProjectStage.DISPATCHED, ProjectStage.MATERIAL_CARD, ProjectStage.START_SET):
        beside.append({"label": _("Technical disclosure"), "url": f"{base}/disclosures/new", "icon": "file-text"})
    if record.stage == ProjectStage.PRE_ACCEPTED:
        beside.append({"label": _("Papers"), "url": f"{base}/papers/completion", "icon": "file-text"})
        if _may_prepare(record):
            beside.append(_prepare_action(record))
    return [*beside, showing.edit_action(record)]


def _contracts(record: Project) -> showing.Table:
    query = contracts.visible_to(g.user).where(Contract.project_id == record.id).options(joinedload(Contract.payments))
    found = session().scalars(query).unique().all()
    rows = []
    for contract in found:
        money = contracts.money_of(contract)
        rows.append(
            [
                (contract.number, editing.path(contract)),
                ContractState.show(contract.state),
                formatting.money(contract.amount),
                formatting.money(money.paid),
                formatting.money(money.open),
            ]
        )
    head = [(_("Contract"), ""), (_("State"), "")]
    head += [(label, "num") for label in (_("Amount (yuan)"), _("Paid (yuan)"), _("Open (yuan)"))]
    may_add = may(g.user, P.CONTRACT_EDIT) and not found
    url = f"/records/contracts/new?customer={record.customer.number}" if may_add else ""
    return showing.Table(_("Contract"), head, rows, _("No contract yet."), url, _("New contract"))


@blueprint.route("/projects/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_project() -> ResponseReturnValue:
    """Open a project on a home of a customer."""
    customer = editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("New project"), "/records/projects/new")
    form = ProjectForm().prepare(g.user, customer)
    if not form.property_id.choices:
        return see_other(f"/records/properties/new?customer={customer.number}")

    def make(writing: Session) -> str:
        home = get_or_404(properties.visible_to(g.user), Property.id == form.property_id.data)
        return editing.path(projects.create(writing, home, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("New project"), None, "projects", note=customer.name), make)


@blueprint.route("/projects/<number>/edit", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def edit_project(number: str) -> ResponseReturnValue:
    """Change a project."""
    record = find(number)
    form = ProjectForm(obj=record).prepare(g.user, record.customer, record)

    def act(writing: Session, fresh: Project) -> None:
        projects.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Change"), record, "projects"), lambda: find(number), act)
