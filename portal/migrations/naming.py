"""How migrations are written and compared: shared by Alembic's environment, the generator and the tests."""

from __future__ import annotations

from typing import Any, Literal

from portal.db import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration says `sa.DateTime(timezone=True)`: it must still run when our own type is gone."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """What a database makes of a full-text index is none of our tables (`portal/models/passage.py`)."""
    return not (name or "").startswith(("passage_pair", "ix_passage_pairs"))


OPTIONS: dict[str, Any] = {
    "render_as_batch": True,
    "compare_type": True,
    "compare_server_default": True,
    "render_item": render_item,
    "include_name": include_name,
    "transaction_per_migration": False,
}
