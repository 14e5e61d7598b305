"""Where an address is: a link to the map service the company uses, the setting `map_url`."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy.orm import Session

from portal import settings


def url(session: Session, address: str) -> str:
    """The map of an address."""
    return str(settings.get(session, "map_url")).replace("{address}", quote(address, safe=""))
