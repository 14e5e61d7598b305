"""What Alembic runs around migrations: on the connection that `portal/database.py` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

import portal.models  # noqa: F401  every table must be known
from portal.db import Base
from portal.migrations.naming import OPTIONS

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, **OPTIONS)
context.run_migrations()
