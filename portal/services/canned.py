"""Texts that are written again and again: kept with variables, filled in from the record on which they are used.

A variable that nobody knows is refused when the text is saved. One without a value leaves a visible blank; what a value holds
is text and nothing else: it is neither filled in again nor markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, object_session

from portal import formatting, settings, visibility
from portal.errors import Invalid, Message, NotFound, NotPermitted, Stale
from portal.i18n import N_, Text
from portal.models.canned import CannedText, Place
from portal.models.customer import Customer, GenderTitle
from portal.models.event import EventKind
from portal.models.favourite import Shared
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import events, record_kinds
from portal.services.fields import Field

LONGEST_TITLE, LONGEST = 40, 2_000
MOST = 100
"""Texts of one person."""
BLANK = "＿＿＿＿"
"""Stands where a record has no value."""
_VARIABLE = re.compile(r"\{([^{}]*)\}")

FIELDS = {
    "title": Field(N_("Title", "text")),
    "text": Field(N_("Text")),
    "shared": Field(N_("Who can use it"), lambda value: str(shared_label(value))),
    "kinds": Field(N_("For which records")),
    "places": Field(N_("Where", "text")),
}


# ---------- Variables ----------


def _customer(record: Any) -> Customer | None:
    case = getattr(record, "complaint", None) or record
    return case if isinstance(case, Customer) else getattr(case, "customer", None)


def _name(record: Any, _user: User, _at: datetime) -> str | None:
    case = getattr(record, "complaint", None) or record
    customer = _customer(record)
    return getattr(case, "complainant", None) or getattr(case, "name", None) or (customer.name if customer else None)


_COMPOUND = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "夏侯",
        "司徒",
        "司空",
        "端木",
        "百里",
        "南宫",
        "长孙",
        "宇文",
    ]
)


def _salutation(record: Any, _user: User, _at: datetime) -> str | None:
    customer = _customer(record)
    if customer is None or not customer.gender_title:
        return None
    name, title = customer.name, GenderTitle.show(customer.gender_title)
    if name.isascii():
        return f"{title} {name}"
    return f"{name[:2] if name[:2] in _COMPOUND else name[:1]}{title}"


def _owner(record: Any, _user: User, _at: datetime) -> str | None:
    customer = _customer(record)
    owner = getattr(record, "owner", None) or (customer.owner if customer else None)
    return owner.name if owner else None


def _address(record: Any, user: User, _at: datetime) -> str | None:
    said = getattr(record, "address", None) or getattr(record, "property_address", None)
    if said or not may(user, Permission.PROJECT_VIEW):
        return said
    project, customer = getattr(record, "project", None), _customer(record)
    home = getattr(record, "property", None) or (project.property if project is not None else None)
    if home is None and customer is not None and len(customer.properties) == 1:
        home = customer.properties[0]  # of several nobody knows which one is meant
    session = object_session(record)
    is_seen = home is not None and session is not None and visibility.may_see(session, user, home)
    return home.address if home is not None and is_seen else None


def _company(record: Any, _user: User, _at: datetime) -> str | None:
    session = object_session(record)
    return str(settings.get(session, "company_name")) if session is not None else None


def _estate(record: Any, _user: User, _at: datetime) -> str | None:
    home = getattr(record, "property", None)
    return home.estate if home is not None else None


def _handover(record: Any, _user: User, _at: datetime) -> str | None:
    """Of the home, or as the contact that the record hangs on has it."""
    for source in (getattr(record, "property", None), getattr(record, "consultation", None), record):
        if (day := getattr(source, "handover_on", None)) is not None:
            return formatting.full_date(day)
    return None


@dataclass(frozen=True, slots=True)
class Variable:
    """Something of a record under the name it has in a text."""

    names: tuple[str, ...]
    label: Text
    value: Callable[[Any, User, datetime], str | None]


VARIABLES = (
    Variable(("客户", "客戶", "customer"), N_("Name of the customer", "variable"), _name),
    Variable(("称谓", "稱謂", "salutation"), N_("Surname with Mr or Ms", "variable"), _salutation),
    Variable(("编号", "編號", "number"), N_("Number of the record", "variable"), lambda record, _u, _at: record.number),
    Variable(("地址", "address"), N_("Address of the home", "variable"), _address),
    Variable(("专员", "專員", "owner"), N_("Responsible specialist", "variable"), _owner),
    Variable(("公司", "company"), N_("Name of the company", "variable"), _company),
    Variable(("小区", "小區", "estate"), N_("Estate of the home", "variable"), _estate),
    Variable(("交房日期", "handover"), N_("Hand-over of the estate", "variable"), _handover),
    Variable(("今天", "today"), N_("Today's date", "variable"), lambda _r, _u, at: formatting.full_date(at)),
    Variable(("我", "me"), N_("Your own name", "variable"), lambda _r, user, _at: user.name),
)
_BY_NAME = {name: variable for variable in VARIABLES for name in variable.names}


def problem(text: str) -> Message | None:
    """What is wrong with the variables of a text."""
    unknown = [name for name in _VARIABLE.findall(text) if name.strip() not in _BY_NAME]
    if unknown:
        known = "、".join(f"{{{variable.names[0]}}}" for variable in VARIABLES)
        return N_("There is no variable {%(name)s}. There are: %(known)s") % {"name": unknown[0][:20], "known": known}
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        return N_("A brace stands alone. Variables are written like {客户}.")
    return None


def fill(text: str, record: Any, user: User, at: datetime) -> str:
    """The text with the values of a record, in one pass: a value is never looked into again."""

    def value(found: re.Match[str]) -> str:
        variable = _BY_NAME.get(found[1].strip())
        return (variable.value(record, user, at) if variable else None) or BLANK

    return _VARIABLE.sub(value, text)


# ---------- Found ----------


@dataclass(frozen=True, slots=True)
class Offered:
    """A text as it would be put in."""

    id: int
    title: str
    text: str


def seen(session: Session, user: User) -> list[CannedText]:
    """All texts a person can use, and for managers those given to any role; one's own first, by title."""
    rows = visibility.visible_to(user, CannedText).options(joinedload(CannedText.owner))
    return list(session.scalars(rows.order_by(CannedText.owner_id != user.id, CannedText.title, CannedText.id)))


def offered(session: Session, user: User, record: Any, place: Place, at: datetime) -> list[Offered]:
    """The texts for this record and place, filled in."""
    return [
        Offered(each.id, each.title, fill(each.text, record, user, at))
        for each in seen(session, user)
        if _fits(each.kinds, record.KIND) and _fits(each.places, place.value) and _is_for(each, user)
    ]


def find(session: Session, user: User, text_id: int) -> CannedText:
    """A text that exists for the person. Raises NotFound."""
    found = session.scalars(visibility.visible_to(user, CannedText).where(CannedText.id == text_id)).one_or_none()
    if found is None:
        raise NotFound()
    return found


def may_change(user: User, each: CannedText) -> bool:
    """One's own; shared ones the manager too."""
    return each.owner_id == user.id or (each.shared != Shared.ME and may(user, Permission.SETTING_EDIT))


def may_give(user: User) -> list[str]:
    """With whom the person may share: ME, a role, ALL."""
    if may(user, Permission.SETTING_EDIT):
        return [Shared.ME.value, *(role.value for role in Role), Shared.ALL.value]
    return [Shared.ME.value]


def shared_label(shared: str) -> Text | str:
    """Who can use a text: only me, everybody, or a role by its label."""
    if shared in Role._value2member_map_:
        return Role(shared).label
    return Shared.show(shared)


def _fits(kept: str | None, wanted: str) -> bool:
    return kept is None or wanted in kept.split(",")


def _is_for(each: CannedText, user: User) -> bool:
    return each.owner_id == user.id or each.shared != Shared.ROLE or each.role == user.role


# ---------- Kept ----------


@dataclass(frozen=True, slots=True)
class Details:
    """What a person says of a text. `shared`: ME, ALL or a role; `kinds`, `places` empty: all."""

    title: str
    text: str
    shared: str = Shared.ME.value
    kinds: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def add(session: Session, details: Details, *, actor: User, at: datetime) -> CannedText:
    """Keep a text. Raises Invalid by field, NotPermitted."""
    made = CannedText(owner_id=actor.id, branch_id=actor.branch_id)
    own = session.scalars(select(CannedText.title).where(CannedText.owner_id == actor.id)).all()
    if len(own) >= MOST:
        raise Invalid({"title": N_("You have as many texts as there may be. Please delete one.")})
    _apply(session, made, details, actor, at)
    session.add(made)
    session.flush()
    _log(session, made, {name: [None, value] for name, value in _said(made).items() if value}, actor, at)
    return made


def change(session: Session, each: CannedText, details: Details, *, version: int, actor: User, at: datetime) -> bool:
    """Say something else; False: nothing was different. Raises Invalid by field, Stale, NotPermitted."""
    _refuse_foreign(each, actor)
    if each.version != version:
        raise Stale()
    before = _said(each)
    _apply(session, each, details, actor, at)
    session.flush()
    after = _said(each)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changes:
        _log(session, each, changes, actor, at)
    return bool(changes)


def delete(session: Session, each: CannedText, *, actor: User, at: datetime) -> None:
    """Take a text away. What was written with it stays. Raises NotPermitted."""
    _refuse_foreign(each, actor)
    _log(session, each, {name: [value, None] for name, value in _said(each).items() if value}, actor, at)
    session.delete(each)


def _refuse_foreign(each: CannedText, actor: User) -> None:
    if not may_change(actor, each):
        raise NotPermitted(N_("Only who wrote the text changes it; shared ones the manager too."))


def _apply(session: Session, each: CannedText, details: Details, actor: User, at: datetime) -> None:
    wrong: dict[str, Message] = {}
    same = select(CannedText.id).where(
        CannedText.owner_id == each.owner_id, CannedText.title == details.title, CannedText.id != (each.id or 0)
    )
    if session.scalar(same) is not None:
        wrong["title"] = N_("You have a text of this title already.")
    if refused := problem(details.text):
        wrong["text"] = refused
    if wrong:
        raise Invalid(wrong)
    given = details.shared
    if given not in may_give(actor) and given != _shared(each):
        raise NotPermitted(N_("Only the manager gives texts to everybody or to a role."))
    each.title, each.text, each.updated_at = details.title, details.text, at
    each.shared = given if given in (Shared.ME, Shared.ALL) else Shared.ROLE.value
    each.role = given if each.shared == Shared.ROLE else None
    each.kinds, each.places = _joined(details.kinds, record_kinds.MODELS), _joined(details.places, Place)


def _joined(chosen: Iterable[str], known: Mapping[str, Any] | type[Place]) -> str | None:
    """Codes as a column keeps them, in the order of the list; none and all are the same."""
    codes = [str(getattr(code, "value", code)) for code in known]
    wanted = [code for code in codes if code in set(chosen)]
    return ",".join(wanted) if wanted and len(wanted) < len(codes) else None


def _shared(each: CannedText) -> str | None:
    return each.role if each.shared == Shared.ROLE else each.shared


def _said(each: CannedText) -> dict[str, Any]:
    """What the history keeps; the words themselves only of texts that others use too."""
    is_own = each.shared == Shared.ME
    return {
        "title": each.title,
        "text": None if is_own else each.text,
        "shared": _shared(each),
        "kinds": each.kinds,
        "places": each.places,
    }


def _log(session: Session, each: CannedText, changes: dict[str, list[Any]], actor: User, at: datetime) -> None:
    events.record(
        session,
        EventKind.SETTING,
        action="canned-text",
        actor=actor,
        at=at,
        text=each.id,
        name=each.title,
        changes=changes,
    )
