"""How migrations are written and compared: shared by Alembic's environment, the generator and the tests."""

from __future__ import annotations

from typing import Any, Literal

from portal.db import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration says `sa.DateTime(timezone=True)`: it must still run when our own type is gone."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


OPTIONS: dict[str, Any] = {
    "render_as_batch": True,
    "compare_type": True,
    "compare_server_default": True,
    "render_item": render_item,
    "transaction_per_migration": False,
}
