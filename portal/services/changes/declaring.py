"""What a change is: what it asks for, which records it skips and why, and the service that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import DomainError, Invalid, Message, NotPermitted
from portal.i18n import N_, Text, _
from portal.models.org import User
from portal.permissions import Permission, may, who_may

Given = Mapping[str, Any]
"""What was filled in, by the keys of what is asked."""
VALUE = "value"
"""The key of the value itself, where a change is one of a value."""
ALREADY = N_("It is so already.")


class Kind(StrEnum):
    """What is asked for; decides the control and how it is kept."""

    CHOICE = "choice"
    PERSON = "person"
    """A colleague."""
    LINK = "link"
    """Another record, by its inner number."""
    DAY = "day"
    MOMENT = "moment"
    MONEY = "money"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing that must be known. `options` are offered for choices, persons and links."""

    key: str
    label: Text
    kind: Kind
    required: bool = True
    options: Callable[[Session, User], Sequence[tuple[Any, Any]]] | None = None
    usual: Callable[[Session, User, datetime], Any] | None = None
    """What a fresh form shows."""
    limit: int = 200
    blank: Text | None = None
    """What choosing nothing is called, where nothing may be chosen."""

    def kept(self, value: Any) -> str | None:
        """The value as text, for what is written down; None: nothing."""
        if value is None or value == "":
            return None
        if isinstance(value, User):
            return str(value.id)
        return value.isoformat() if isinstance(value, date) else str(value)

    def read(self, session: Session, kept: str | None) -> Any:
        """The value that `kept` wrote. Raises Invalid for a person who is gone."""
        if kept is None:
            return None
        match self.kind:
            case Kind.PERSON:
                person = session.get(User, int(kept))
                if person is None or not person.is_active:
                    raise Invalid({self.key: N_("This person may not sign in any more.")})
                return person
            case Kind.LINK:
                return int(kept)
            case Kind.DAY:
                return date.fromisoformat(kept)
            case Kind.MOMENT:
                return datetime.fromisoformat(kept)
            case Kind.MONEY:
                return Decimal(kept)
        return kept


@dataclass(frozen=True, slots=True)
class Job:
    """Records about to be changed, loaded with what the check looks at."""

    session: Session
    records: Sequence[Any]
    given: Given
    actor: User
    at: datetime
    is_looked_at: bool = False
    """Nothing is changed yet: what can only be known by trying may be tried."""


Check = Callable[[Job], dict[int, Message]]
"""Which of the records are skipped, by their inner number, and why. Asks as much for one record as for a thousand."""


def each(rule: Callable[[Any, Job], Any]) -> Check:
    """A check of one record after the other by a rule that looks at it alone: gives the sentence, or raises it."""

    def check(job: Job) -> dict[int, Message]:
        found: dict[int, Message] = {}
        for record in job.records:
            try:
                why = rule(record, job)
            except DomainError as refusal:
                why = refusal_of(refusal)
            if why is not None:
                found[record.id] = why
        return found

    return check


def refusal_of(error: DomainError) -> Message:
    """The sentence of a refusal, for one record among many."""
    return next(iter(error.fields.values())) if isinstance(error, Invalid) else error.message


def _none(_job: Job) -> dict[int, Message]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that can be changed of a kind of record."""

    key: str
    label: Text
    icon: str
    permission: Permission
    asks: tuple[Ask, ...] = ()
    apply: Callable[[Session, Any, Given, User, datetime], Any]
    """Carries it out on one record with the service that its page uses. Raises DomainError."""
    check: Check = _none
    attribute: str = ""
    """The field of the record that the value goes into; empty: it is an act."""
    column: str = ""
    """The column of the list (and the field of the board) in which it is changed on the spot; empty: none."""
    bars: Callable[[Any], Any] | None = None
    """Raises what stands against changing the record on the spot at all, before anything is filled in."""
    in_bulk: bool = True
    load: tuple[Any, ...] = ()
    """Loader options: what the check looks at beside the record itself."""

    @property
    def title(self) -> str:
        """What is done, for a heading: a field is changed, an act says so itself."""
        return _("Change: %(field)s", field=self.label) if self.attribute else str(self.label)

    @property
    def asked(self) -> dict[str, Ask]:
        """What is asked, by key."""
        return {ask.key: ask for ask in self.asks}

    @property
    def is_plain(self) -> bool:
        """Whether the value is all that must be known."""
        return bool(self.attribute) and not any(ask.required and ask.key != VALUE for ask in self.asks)

    @property
    def can_return(self) -> bool:
        """Whether the old value can be put back."""
        return bool(self.attribute) and set(self.asked) <= {VALUE, "reason"}

    @property
    def way_back(self) -> Change | None:
        """The change that takes this one back; None: none is needed or there is none."""
        return None

    @property
    def is_alone(self) -> bool:
        """Whether each record is changed in a transaction of its own."""
        return False

    def kept(self, given: Given) -> dict[str, Any]:
        """What was filled in, as text."""
        return {ask.key: ask.kept(given.get(ask.key)) for ask in self.asks}

    def read(self, session: Session, kept: Mapping[str, Any]) -> dict[str, Any]:
        """What `kept` wrote. Raises Invalid."""
        return {ask.key: ask.read(session, kept.get(ask.key)) for ask in self.asks}

    def present(self, record: Any) -> str | None:
        """The value of a record now, as text."""
        return self.asked[VALUE].kept(getattr(record, self.attribute)) if self.attribute else None

    def reasons(self, job: Job) -> dict[int, Message]:
        """Which records are skipped and why: what is so already, and what the check says."""
        if not self.attribute:
            return self.check(job)
        wanted = self.asked[VALUE].kept(job.given.get(VALUE))
        same = {record.id for record in job.records if self.present(record) == wanted}
        rest = replace(job, records=[record for record in job.records if record.id not in same])
        return dict.fromkeys(same, ALREADY) | (self.check(rest) if rest.records else {})


def refuse(change: Change, actor: User) -> None:
    """Raise NotPermitted, saying who may, unless the role is granted the change."""
    if not may(actor, change.permission):
        roles = "、".join(str(role.label) for role in who_may(change.permission))
        raise NotPermitted(N_("Only: %(roles)s") % {"roles": roles})
