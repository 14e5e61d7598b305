"""Where a record went that was merged into another one, and whose history belongs together."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, or_, select
from sqlalchemy.orm import Session

from portal import visibility
from portal.models.base import Mergeable
from portal.models.merging import Merge
from portal.models.org import User
from portal.permissions import may
from portal.prepared import Prepared
from portal.services.record_kinds import MODELS, VIEW


def _model(kind: str) -> Any:
    """The type of that kind, if its records can be merged."""
    model = MODELS.get(kind)
    return model if model is not None and issubclass(model, Mergeable) else None


def kept_instead(session: Session, user: User | None, kind: str, number: str) -> Any:
    """The record that is kept instead of the one of that number, if the person sees it; None when there is none."""
    model = _model(kind)
    if model is None or user is None or not may(user, VIEW[model]):
        return None
    into = select(model.merged_into_id).where(model.number == number).scalar_subquery()
    return session.scalars(visibility.visible_to(user, model).where(model.id == into)).one_or_none()


def ids(session: Session, kind: str, record_id: int) -> list[int]:
    """The record and all that were merged into it: their history is one."""
    model = _model(kind)
    if model is None:
        return [record_id]
    return [record_id, *(each for (each,) in _merged_into(model).rows(session, {"id": record_id}))]


@lru_cache
def _merged_into(model: Any) -> Prepared:
    return Prepared(select(model.id).where(model.merged_into_id == bindparam("id")))


def ever(session: Session, kind: str, record_id: int, same: list[int]) -> list[int]:
    """Those of `ids` (`same`), and those it was merged with for a while: what happened then was written down under the other's name."""
    found = _MERGES.rows(session, {"kind": kind, "id": record_id})
    return sorted({*same, *(each for pair in found for each in pair)})


_ID = bindparam("id", type_=Integer())
_MERGES = Prepared(
    select(Merge.kept_id, Merge.merged_id).where(
        Merge.kind == bindparam("kind"), or_(Merge.kept_id == _ID, Merge.merged_id == _ID)
    )
)
