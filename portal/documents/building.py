"""From records to what the forms show. Call inside `i18n.use_locale`: labels of closed lists become text here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.documents.views import (
    Annex,
    Company,
    ComplaintFile,
    ComplaintRegister,
    CourseEntry,
    CustomerForm,
    Liability,
    Limit,
    Photo,
    ProblemSlip,
    Share,
    Signature,
    SignOff,
    SlipRound,
    Ticks,
    View,
)
from portal.files.store import Store
from portal.i18n import _, _p
from portal.models.attachment import Attachment
from portal.models.complaint import Complaint, ComplaintRound
from portal.models.consultation import Channel, Consultation
from portal.models.contract import Contract, ContractState
from portal.models.customer import CustomerSource, GenderTitle, Intention
from portal.models.event import Event, EventKind
from portal.models.org import Department, User
from portal.models.project import Project
from portal.models.task import Task, TaskKind, TaskOutcome
from portal.processes.complaint import Category, Phase, Severity, Verdict
from portal.processes.escalation import Ground
from portal.terms import Term

PICTURE_KINDS = ("PHOTO", "EVIDENCE")
COURSE_KINDS = (EventKind.CREATED, EventKind.TRANSITION, EventKind.CALL, EventKind.MESSAGE, EventKind.BREACH)
"""What an archive tells; internal notes are not for it."""
COURSE_FIELDS = (
    "content", "reason", "explanation", "verify_result", "plan", "new_demand", "visit_by", "solution_record",
    "no_signature_reason", "follow_up_note", "cause", "process_so_far", "customer_demand", "root_cause", "text",
)  # fmt: skip


def company(session: Session, store: Store) -> Company:
    """The company as its settings name it; the logo is the attachment whose number the setting holds."""
    logo_id = settings.get(session, "company_logo")
    found = session.get(Attachment, logo_id) if logo_id else None
    logo = store.path(found.file.sha256) if found and found.removed_at is None else None
    name, hotline = settings.get(session, "company_name"), settings.get(session, "company_hotline")
    return Company(name, _p("form", "Customer service department"), hotline or None, logo)


def problem_slip(session: Session, complaint: Complaint, store: Store) -> ProblemSlip:
    """F-06 as far as the complaint has come."""
    people = _people(session, complaint)
    limits = _limits(session, complaint)
    width = _p("form", "several departments") if complaint.is_multi_department else _p("form", "one department")
    departments = [item for item in complaint.departments if item.replaced_at is None]
    lead = next((item for item in reversed(departments) if item.is_lead), None)
    last = complaint.rounds[-1] if complaint.rounds else None
    shown_phases = [phase for phase in Phase if phase != Phase.PRE_SALE or complaint.phase == Phase.PRE_SALE]
    signed = last is not None and last.customer_signed and last.visit_at
    return ProblemSlip(
        number=complaint.number,
        phases=ticks(shown_phases, complaint.phase),
        customer=complaint.customer.name if complaint.customer else complaint.complainant,
        phone=complaint.phone,
        category=Category.show(complaint.category),
        severity=f"{Severity.show(complaint.severity)}{_p('form', ', ')}{width}",
        content=complaint.content,
        demand=complaint.demand,
        received_by=name_of(complaint.received_by),
        received_at=complaint.received_at,
        handover_due_at=_due(limits, "DL-10", 1),
        departments=tuple(
            SignOff(Department.show(item.department), name_of(item.head), item.signed_at, item.copy_left)
            for item in departments
        ),
        verify_call_at=complaint.verify_call_at,
        verified_by=name_of(complaint.verified_by),
        verify_result=complaint.verify_result,
        verify_due_at=_due(limits, "DL-11", None),
        rounds=tuple(_round(item, limits) for item in complaint.rounds) or (SlipRound(1),),
        closed_at=complaint.closed_at,
        root_cause=complaint.root_cause,
        improvement=complaint.improvement,
        responsible=complaint.responsible,
        signatures=(
            Signature(
                _p("form", "Customer's signature"),
                complaint.complainant,
                clock.today(last.visit_at) if signed and last and last.visit_at else None,
            ),
            Signature(
                _p("form", "Head of the department"),
                name_of(lead.head) if lead else None,
                clock.today(lead.signed_at) if lead and lead.signed_at else None,
            ),
            Signature(_p("form", "Specialist"), name_of(complaint.owner)),
            Signature(_p("form", "Manager (where needed)")),
        ),
        photos=photos(session, complaint, store),
        **people,
    )


def complaint_register(session: Session, complaint: Complaint, store: Store) -> ComplaintRegister:
    """F-16 as the complaint was taken."""
    people = _people(session, complaint)
    customer = complaint.customer
    evidence = [item for item in attachments(session, complaint) if item.kind == "EVIDENCE"]
    return ComplaintRegister(
        number=complaint.number,
        complainant=complaint.complainant,
        phone=complaint.phone,
        customer=f"{customer.name} {customer.number}" if customer else None,
        address=people["address"],
        contract_number=people["contract_number"],
        received_at=complaint.received_at,
        channels=ticks(Channel, complaint.channel),
        phases=ticks(Phase, complaint.phase),
        category=Category.show(complaint.category),
        severities=ticks(Severity, complaint.severity),
        content=complaint.content,
        demand=complaint.demand,
        evidence=tuple(item.name for item in evidence),
        verdicts=ticks(Verdict, complaint.verdict),
        verdict_note="\n".join(filter(None, (complaint.reason, complaint.explanation))) or None,
        departments=_departments(complaint),
        taken_by=name_of(complaint.received_by),
        owner=name_of(complaint.owner),
        handover_due_at=_due(_limits(session, complaint), "DL-10", 1),
        signatures=(
            Signature(_p("form", "Complainant's signature"), complaint.complainant),
            Signature(_p("form", "Taken by"), name_of(complaint.received_by)),
            Signature(_p("form", "Manager")),
        ),
        photos=photos(session, complaint, store),
    )


def customer_form(session: Session, contact: Consultation, _store: Store) -> CustomerForm:
    """F-14 of a visit; what the customer's record knows fills what the visit did not ask."""
    customer, project = contact.customer, contact.project
    homes = [project.property] if project else customer.properties if customer else []
    home = homes[0] if len(homes) == 1 else None  # of several, the paper does not guess which
    taken_by = session.get(User, contact.created_by_id) if contact.created_by_id else None
    asked = contact.forwarded_party
    advises = asked is not None and asked.department in (Department.DESIGN, Department.STORE)
    consultant = name_of(asked) if advises else name_of(customer.owner if customer else None)
    return CustomerForm(
        number=contact.number,
        name=contact.name,
        title=GenderTitle.show(customer.gender_title) if customer and customer.gender_title else None,
        phone=contact.phone,
        phone2=customer.phone2 if customer else None,
        wechat=customer.wechat if customer else None,
        sources=ticks(CustomerSource, customer.source if customer else None),
        referred_by=name_of(customer.referred_by) if customer else None,
        address=contact.property_address or (home.address if home else None),
        area=contact.area or (home.area if home else None),
        layout=contact.layout or (home.layout if home else None),
        style=contact.style or (customer.style if customer else None),
        budget=contact.budget or (customer.budget if customer else None),
        handover_on=contact.handover_on or (home.handover_on if home else None),
        wanted_start_on=contact.wanted_start_on,
        intentions=ticks(Intention, customer.intention if customer else None),
        needs=(customer.needs if customer else None) or contact.question,
        answer=contact.answer or contact.reply,
        avoid_times=customer.quiet or None if customer else None,
        received_by=name_of(taken_by),
        consultant=consultant,
        occurred_at=contact.occurred_at,
        signatures=(
            Signature(_p("form", "Customer's signature"), contact.name),
            Signature(_p("form", "Received by"), name_of(taken_by)),
            Signature(_p("form", "Consultant"), consultant),
        ),
    )


def complaint_file(session: Session, complaint: Complaint, store: Store) -> ComplaintFile:
    """F-07: the whole case in time order, for the archive."""
    escalation, customer = complaint.escalation, complaint.customer
    people = _people(session, complaint)
    contract = _contract(session, complaint.project)
    plans = [item.plan for item in complaint.rounds if item.plan]
    results = [item.solution_record for item in complaint.rounds if item.solution_record]
    files = attachments(session, complaint)
    bearers = escalation.shares if escalation else []
    signed_by, signed_on = (escalation.signed_by, escalation.signed_on) if escalation else (None, None)
    return ComplaintFile(
        number=complaint.number,
        state=str(complaint.PROCESS.state(complaint.state).label),
        customer=customer.name if customer else complaint.complainant,
        customer_number=customer.number if customer else None,
        grade=customer.grade if customer else None,
        phone=complaint.phone,
        project_number=complaint.project.number if complaint.project else None,
        contract_amount=contract.amount if contract else None,
        received_at=complaint.received_at,
        channel=Channel.show(complaint.channel),
        received_by=name_of(complaint.received_by),
        owner=name_of(complaint.owner),
        phase=Phase.show(complaint.phase),
        category=Category.show(complaint.category),
        severity=Severity.show(complaint.severity),
        verdict=Verdict.show(complaint.verdict) if complaint.verdict else None,
        departments=_departments(complaint),
        content=complaint.content,
        demand=_demands(complaint),
        course=course(session, complaint),
        limits=tuple(_shown_limit(task) for task in _limits(session, complaint)),
        escalation_number=escalation.number if escalation else None,
        cause=(escalation.cause if escalation else None) or complaint.reason or complaint.verify_result,
        liability=tuple(Liability(share.name, share.percent, share.reason) for share in bearers),
        solution="\n".join([*plans, *results, *([escalation.solution] if escalation and escalation.solution else [])])
        or complaint.explanation,
        compensation=escalation.amount if escalation else None,
        shares=tuple(Share(share.name, share.percent, share.amount) for share in bearers if share.amount is not None),
        root_cause=complaint.root_cause,
        improvement=complaint.improvement,
        responsible=complaint.responsible,
        closed_at=complaint.closed_at,
        annexes=tuple(_annex(item) for item in files),
        signatures=(
            Signature(_p("form", "Customer's signature"), signed_by or complaint.complainant, signed_on),
            Signature(_p("form", "Head of the department")),
            Signature(_p("form", "Specialist"), name_of(complaint.owner)),
            Signature(_p("form", "Manager")),
        ),
        photos=photos(session, complaint, store),
        **people,
    )


BUILDERS: dict[str, Callable[[Session, Any, Store], View]] = {
    "F-06": problem_slip,
    "F-07": complaint_file,
    "F-14": customer_form,
    "F-16": complaint_register,
}


# Parts ---------------------------------------------------------------------------------------------------------------


def ticks(terms: Iterable[Term], chosen: str | None) -> Ticks:
    """All words of a list, and which of them holds."""
    return tuple((str(term.label), term == chosen) for term in terms)


def attachments(session: Session, record: Any) -> list[Attachment]:
    """The files of a record, oldest first."""
    query = select(Attachment).where(
        Attachment.record_kind == record.KIND, Attachment.record_id == record.id, Attachment.removed_at.is_(None)
    )
    return list(session.scalars(query.order_by(Attachment.id)))


def photos(session: Session, record: Any, store: Store, *, but: Collection[int] = ()) -> tuple[Photo, ...]:
    """The pictures of a record with their captions, without the attachments `but`. One that is gone leaves its place empty."""
    found = []
    for item in attachments(session, record):
        if item.id not in but and item.kind in PICTURE_KINDS and item.file.mime.startswith("image/"):
            name = item.name.rpartition(".")[0] or item.name
            found.append(Photo(f"{name} · {formatting.stamp(item.uploaded_at)}", store.path(item.file.sha256)))
    return tuple(found)


def course(session: Session, complaint: Complaint) -> tuple[CourseEntry, ...]:
    """What happened with the complaint and its escalation, in time order, as the timeline keeps it."""
    mine: Any = (Event.record_kind == complaint.KIND) & (Event.record_id == complaint.id)
    if complaint.escalation is not None:
        other = complaint.escalation
        mine = or_(mine, (Event.record_kind == other.KIND) & (Event.record_id == other.id))
    events = session.scalars(select(Event).where(mine, Event.kind.in_(COURSE_KINDS)).order_by(Event.id))
    return tuple(_course_entry(event, complaint) for event in events)


def _course_entry(event: Event, complaint: Complaint) -> CourseEntry:
    processes = [complaint.PROCESS] + ([complaint.escalation.PROCESS] if complaint.escalation else [])
    process = next((item for item in processes if item.kind == event.record_kind), complaint.PROCESS)
    target = event.data.get("to")
    known = {state.code: state.label for state in process.states}
    what = str(known[target]) if target in known else EventKind.show(event.kind)
    said = event.data.get("fields") or event.data
    if event.record_kind == complaint.KIND and said.get("why"):
        said = {"text": Ground.show(said["why"])}  # the three texts stand with the escalation itself
    texts = [str(said[name]) for name in COURSE_FIELDS if isinstance(said.get(name), str)]
    who = name_of(event.acted_by) or name_of(event.actor)
    return CourseEntry(event.acted_at or event.at, what, who, "\n".join(texts))


def _demands(complaint: Complaint) -> str:
    """What the customer asked for, from the first word to the escalation; the same words once."""
    later = [item.new_demand for item in complaint.rounds]
    last = [complaint.escalation.customer_demand] if complaint.escalation else []
    return "\n".join(dict.fromkeys(text for text in (complaint.demand, *later, *last) if text))


def _people(session: Session, complaint: Complaint) -> dict[str, str | None]:
    """Address, contract and the people of the project."""
    project = complaint.project
    contract = _contract(session, project)
    return {
        "address": project.property.address if project else None,
        "contract_number": contract.number if contract else None,
        "designer": name_of(project.designer) if project else None,
        "project_manager": name_of(project.project_manager) if project else None,
        "foreman": name_of(project.foreman) if project else None,
        "supervisor": name_of(project.supervisor) if project else None,
    }


def _contract(session: Session, project: Project | None) -> Contract | None:
    if project is None:
        return None
    query = select(Contract).where(Contract.project_id == project.id, Contract.state != ContractState.TERMINATED)
    return session.scalars(query).first()


def _limits(session: Session, complaint: Complaint) -> list[Task]:
    """The clocks of the case that were not called off, in the order in which they started."""
    of: Any = (Task.record_kind == complaint.KIND) & (Task.record_id == complaint.id)
    if complaint.escalation is not None:
        of = or_(of, (Task.record_kind == complaint.escalation.KIND) & (Task.record_id == complaint.escalation.id))
    wanted = of, Task.kind == TaskKind.DEADLINE, Task.due_at.is_not(None)
    kept = or_(Task.outcome.is_(None), Task.outcome == TaskOutcome.DONE)
    return list(session.scalars(select(Task).where(*wanted, kept).order_by(Task.started_at, Task.id)))


def _shown_limit(task: Task) -> Limit:
    assert task.due_at is not None
    late = task.breached_at is not None or (task.closed_at is not None and task.closed_at > task.due_at)
    return Limit(task.code or "–", _(task.title), task.due_at, task.closed_at, late)


def _due(limits: list[Task], code: str, round_no: int | None) -> Any:
    due = [task.due_at for task in limits if task.code == code and round_no in (None, task.round_no)]
    return due[-1] if due else None


def _round(item: ComplaintRound, limits: list[Task]) -> SlipRound:
    satisfied = {True: _p("form", "Satisfied"), False: _p("form", "Not satisfied")}
    follow_up = [satisfied[item.follow_up_satisfied]] if item.follow_up_satisfied is not None else []
    return SlipRound(
        round_no=item.round_no,
        new_demand=item.new_demand,
        plan=item.plan,
        plan_fed_back_at=item.plan_fed_back_at,
        visit_appointment=item.visit_appointment,
        solve_due_at=_due(limits, "DL-13", item.round_no),
        visit_at=item.visit_at,
        visit_by=item.visit_by,
        solution_record=item.solution_record,
        no_signature_reason=item.no_signature_reason,
        follow_up_at=item.follow_up_at,
        follow_up=_p("form", ": ").join([*follow_up, *filter(None, [item.follow_up_note])]) or None,
    )


def _departments(complaint: Complaint) -> tuple[str, ...]:
    return tuple(Department.show(item.department) for item in complaint.departments if item.replaced_at is None)


def _annex(item: Attachment) -> Annex:
    return Annex(item.name, kind_label(item.kind), clock.today(item.uploaded_at), item.page_count)


def kind_label(kind: str) -> str:
    """The kind of an attachment as people call it."""
    labels = {
        "EVIDENCE": _p("attachment", "Evidence"),
        "SIGNATURE": _p("attachment", "Signed scan"),
        "PHOTO": _p("attachment", "Photo"),
        "FILE": _p("attachment", "File"),
    }
    return labels.get(kind, kind)


def name_of(person: Any) -> str | None:
    """The name of a person who may not be known."""
    return person.name if person is not None else None
