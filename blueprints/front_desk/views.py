"""The desk: who is calling, what about, what was done, on one page. Source: `domain.md` 4.1, 7.6, 7.7."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from flask import Response, flash, g, make_response, request
from flask.typing import ResponseReturnValue

from blueprints import dashboards, drawn
from blueprints.front_desk import blueprint, desk
from blueprints.front_desk.contact_form import OTHER, SOURCES, ContactForm, people_choice
from blueprints.http import page, polled, requires, see_other, wants_fragment
from portal import clock, settings
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import _
from portal.models.consultation import Channel, Complexity, Matter
from portal.models.customer import CustomerGrade, CustomerKind, CustomerSource
from portal.models.org import User
from portal.models.project import ProjectStage
from portal.permissions import Permission, may
from portal.services import consultations, customers, recognition, requests
from portal.services import desk as desk_queries
from portal.services.recognition import NOBODY_KNOWN, Caller

P = Permission

HOURS = {"DL-01": "consultation_reply_hours", "DL-02": "first_contact_hours"}
"""The limits that the hints of the form name."""
TERMS = {"grade": CustomerGrade, "kind": CustomerKind, "stage": ProjectStage, "channel": Channel}


@blueprint.app_template_global()
def customer_term(terms: str, value: str) -> str:
    """The label of a stored word about a customer, for the household panel."""
    return TERMS[terms].show(value)


@blueprint.get("/")
@requires(P.FRONT_DESK)
def home() -> ResponseReturnValue:
    """The desk's day: the form ready for the next call, and what is waiting."""
    at = clock.now()
    return _fresh(Channel.PHONE, at, **dashboards.context(g.user, at))


@blueprint.get("/side")
@requires(P.FRONT_DESK)
@polled
def side() -> ResponseReturnValue:
    """The column beside the form, as it stands now."""
    if not wants_fragment():
        return see_other("/front-desk/")
    return page("front_desk/desk.html", fragment="side", today=desk.day(g.user, clock.now()))


@blueprint.post("/recognise")
@requires(P.CONSULTATION_CREATE)
def recognise() -> ResponseReturnValue:
    """Who is calling, while the number is typed. Sent as a form so that no number stands in an address; writes nothing."""
    chosen = request.form.get("customer") if "choose" in request.args else None
    caller = recognition.recognise(
        session(), g.user, (request.form.get("number") or "")[:60], chosen=chosen, at=clock.now()
    )
    form = ContactForm(formdata=None)
    typed = (request.form.get("name") or "").strip()
    is_own = bool(typed) and typed != (request.form.get("filled_name") or "")
    if not is_own:
        _fill_name(form, caller)
    form.prepare((), caller)
    return page(
        "front_desk/desk.html",
        fragment="household",
        who=caller,
        form=form,
        fills_name=not is_own,
        was_chosen=chosen is not None,
    )


@blueprint.route("/calls/new", methods=["GET", "POST"])
@requires(P.CONSULTATION_CREATE)
def register_contact() -> ResponseReturnValue:
    """Register a call, a visit or a message, with what was done about it."""
    at = clock.now()
    if request.method == "GET":
        wanted = request.args.get("channel", Channel.PHONE)
        return _fresh(Channel(wanted) if wanted in set(Channel) else Channel.PHONE, at)
    form = ContactForm()
    caller = _caller(form, at)
    form.prepare(_people() if form.message_to.data else (), caller)
    if form.is_lookup:
        typed = form.name.data
        if not typed or typed == form.filled_name.data:
            _fill_name(form, caller)
        form.validate()  # refuses strange fields; an unfinished form is no mistake yet
        for field in form:
            field.errors = []
        return _show(form, caller, at)
    if form.check(caller):
        try:
            return see_other(_register(form, caller, at))
        except Invalid as refusal:
            form.take(Invalid({_FIELDS.get(name, name): text for name, text in refusal.fields.items()}))
    return _show(form, caller, at, status=422)


_FIELDS = {"phone": "number"}
"""Fields of services that have another name here."""


def _fresh(channel: Channel, at: datetime, **more: Any) -> Response:
    form = drawn.once("front_desk/desk.html", "form", _fresh_facts(channel), _fresh_form, requests.new_key())
    if wants_fragment():
        return make_response(form)
    return page("front_desk/desk.html", fresh=form, **_day(at), **more)


class _Fresh(NamedTuple):
    """All that the empty form says or depends on."""

    channel: Channel
    role: str
    people: tuple[tuple[int, str], ...]
    hours: tuple[tuple[str, int], ...]
    duty: str


def _fresh_facts(channel: Channel) -> _Fresh:
    duty = desk_queries.specialist_on_duty(session(), None, g.user)
    hours = tuple((code, settings.get(session(), key)) for code, key in HOURS.items())
    return _Fresh(channel, g.user.role, _people(), hours, duty.name if duty else "")


def _people() -> tuple[tuple[int, str], ...]:
    """Whom a message can be for."""
    return tuple(map(people_choice, desk_queries.colleagues(session(), g.user)))


def _fresh_form(facts: _Fresh) -> dict[str, Any]:
    form, caller = ContactForm(formdata=None), Caller("", [], None)
    form.prepare(facts.people, caller)
    form.set_fresh(drawn.KEY, facts.channel)
    return _of_form(form, caller) | {"hours": dict(facts.hours), "duty": facts.duty}


def _of_form(form: ContactForm, caller: Caller) -> dict[str, Any]:
    return {"form": form, "who": caller, "fills_name": False, "was_chosen": False}


def _day(at: datetime) -> dict[str, Any]:
    return {"today": desk.day(g.user, at)} if may(g.user, P.FRONT_DESK) else {}


def _show(form: ContactForm, caller: Caller, at: datetime, *, status: int = 200) -> Response:
    duty = desk_queries.specialist_on_duty(session(), caller.customer, g.user)
    form.message_to.choices = form.message_to.choices or list(_people())
    return page(
        "front_desk/desk.html",
        fragment="form",
        status=status,
        hours={code: settings.get(session(), key) for code, key in HOURS.items()},
        duty=duty.name if duty else "",
        **_day(at),
        **_of_form(form, caller),
    )


def _caller(form: ContactForm, at: datetime) -> Caller:
    """Who was shown for this very number, or who has exactly it. Nobody is taken who was not on the screen."""
    text = form.number.typed
    was_shown = bool(form.matched.data) and form.matched.data == recognition.digits_of(text)
    chosen = NOBODY_KNOWN if form.then.data == OTHER else form.customer.data if was_shown else None
    caller = recognition.recognise(session(), g.user, text, chosen=chosen, at=at)
    if form.is_lookup or was_shown or caller.customer is None or form.number.data:
        return caller
    return Caller(caller.digits, caller.matches, None)


def _fill_name(form: ContactForm, caller: Caller) -> None:
    form.name.data = form.filled_name.data = caller.customer.name if caller.customer else ""


def _register(form: ContactForm, caller: Caller, at: datetime) -> str:
    command = _command(form, caller, at)

    def act() -> str:
        contact = consultations.register(writing, command, actor=g.user, at=at)
        flash(_("%(name)s is registered: %(number)s", name=contact.name, number=contact.number), "done")
        if contact.kind == Matter.COMPLAINT and form.is_passed_on:
            return f"/records/complaints/new?consultation={contact.number}"
        if contact.kind == Matter.REPAIR and form.is_passed_on:
            return f"/records/repair-orders/new?consultation={contact.number}"
        if contact.kind == Matter.SUGGESTION and form.is_passed_on:
            return f"/records/suggestions/new?consultation={contact.number}"
        return "/front-desk/" if may(g.user, P.FRONT_DESK) else f"/records/consultations/{contact.number}"

    with transaction() as writing:
        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=_said(), at=at, act=act
        )  # fmt: skip


def _said() -> dict[str, Any]:
    """The form as sent, without what runs on by itself."""
    return {name: values for name, values in request.form.to_dict(flat=False).items() if name != "taken_seconds"}


def _command(form: ContactForm, caller: Caller, at: datetime) -> consultations.Register:
    customer, phone = caller.customer, form.phone(caller) or ""
    missed = bool(form.needs_call_back.data)
    matter = form.kind.data or Matter.OTHER
    addressee = _addressee(form, caller)
    forwards = form.is_forwarded and form.is_passed_on
    answers = bool(form.answer.data) and not form.is_forwarded
    contact = consultations.LogContact(
        channel=str(form.channel.data),
        kind=str(matter),
        name=form.name.data or (customer.name if customer else _("Unknown caller")),
        phone=phone,
        question=form.question.data or _("Missed call"),
        occurred_at=form.occurred_at.data or at,
        caller_number=str(form.number.data) if form.number.data else None,
        complexity=str(Complexity.SPECIAL if form.is_forwarded else Complexity.COMMON),
        customer=customer,
        project=_project(form, caller),
        is_urgent=bool(form.is_urgent.data),
        message_to=addressee,
        promise=form.promise.data,
        promised_at=form.promised_at.data,
        needs_call_back=missed,
        property_address=form.property_address.data,
        area=form.area.data,
        layout=form.layout.data,
        style=form.style.data,
        budget=form.budget.data,
        handover_on=form.handover_on.data,
        wanted_start_on=form.wanted_start_on.data,
        taken_seconds=form.seconds,
        forwarded_department=form.department,
        answer=None if answers else form.answer.data,
    )
    return consultations.Register(
        contact,
        lead=None if customer or missed or not form.new_customer.data or not form.number.data else _lead(form, phone),
        answer=consultations.Answer(form.answer.data) if answers else None,
        close=form.close if answers else None,
        forward=consultations.Forward(str(form.forwarded_department.data), True, True) if forwards else None,
        tell_specialists=matter == Matter.COMPLAINT and not form.is_passed_on,
    )


def _project(form: ContactForm, caller: Caller) -> Any:
    homes = caller.household.homes if caller.household else []
    if len(homes) == 1:
        return homes[0].project
    return next((home.project for home in homes if home.project.id == form.project.data), None)


def _addressee(form: ContactForm, caller: Caller) -> Any:
    if form.kind.data != Matter.MESSAGE:
        return None
    known = {one.id for one in desk_queries.colleagues(session(), g.user)}
    chosen = form.message_to.data
    if chosen in known:
        return session().get_one(User, chosen)
    return caller.customer.owner if caller.customer else None


def _lead(form: ContactForm, phone: str) -> customers.CreateCustomer:
    source = form.source.data or SOURCES.get(form.channel.data or Channel.PHONE, CustomerSource.PHONE)
    return customers.CreateCustomer(
        name=form.name.data,
        phone=phone,
        source=str(source),
        intention=str(form.intention.data) if form.intention.data else None,
        style=form.style.data,
        budget=form.budget.data,
        needs=form.question.data if form.kind.data == Matter.CONSULT else None,
    )
