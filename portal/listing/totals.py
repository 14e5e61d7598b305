"""What the rows of a state sum to, all of them, as long as they are no more than counting tells."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.listing import engine, groups
from portal.listing.declaration import Listing
from portal.listing.fields import Field
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.org import User
from portal.prepared import Prepared


def of(
    session: Session, user: User, listing: Listing, state: State, *, at: datetime
) -> list[tuple[Field, Decimal]] | None:
    """Each measure with its sum over all rows; None where there are more rows than are counted."""
    measures = groups.measures(listing)
    if not measures:
        return []
    question, values = engine.asked(session, user, listing, state, at, ordered=False)
    number, *sums = _summed(question, engine.CEILING).rows(session, values)[0]
    if number > engine.CEILING:
        return None
    return [(measure, Decimal(str(total or 0))) for measure, total in zip(measures, sums, strict=True)]


@lru_cache(maxsize=256)
def _summed(question: engine.Question, ceiling: int) -> Prepared:
    columns = [field.column for field in groups.measures(LISTINGS[question.kind])]
    capped = engine.most(question, ceiling + 1, *columns).subquery()
    return Prepared(select(func.count(), *(func.sum(column) for column in capped.columns)).select_from(capped))
