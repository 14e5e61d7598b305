"""How long a trade is covered: what the contract's template promises, what is usual, what the law demands. Source: `domain.md` 3.15."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import settings
from portal.models.contract import Contract
from portal.processes.repair import Trade

YEARS: dict[Trade, str] = {
    Trade.BASIC: "warranty_years_basic",
    Trade.WATER_ELECTRIC: "warranty_years_water_electric",
    Trade.WATERPROOF: "warranty_years_waterproof",
    Trade.WOODWORK: "warranty_years_woodwork",
    Trade.HARDWARE: "warranty_years_hardware",
    Trade.PAINT: "warranty_years_paint",
}
"""The setting that holds the usual term of each trade."""


def usual_years(session: Session, trade: Trade) -> int:
    """The term the company gives a trade where no template says otherwise, in years."""
    return int(settings.get(session, YEARS[trade]))


def promised_years(session: Session, contract: Contract, trade: Trade) -> int:
    """The term of a trade by the contract's template; nothing chosen: the usual one. In years."""
    return contract.template.years(trade) if contract.template is not None else usual_years(session, trade)


def least_years(session: Session, trade: Trade) -> int:
    """The shortest term the law allows for a trade, in years."""
    leak = trade is Trade.WATERPROOF
    return int(settings.get(session, "warranty_least_years_waterproof" if leak else "warranty_least_years"))
