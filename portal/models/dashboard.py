"""How a person has arranged their dashboard: which tiles, in which order, how wide."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class Dashboard(Base):
    """One row per person who arranged anything; without it the dashboard of the role holds."""

    __tablename__ = "dashboard"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    places: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """The tiles in order, as `services.tiles.Place` reads them. What is not known any more is passed over."""
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}
