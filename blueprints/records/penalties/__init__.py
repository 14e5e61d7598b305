"""Pages of penalties: one penalty with its steps, proposing by hand, the ledger by month, the catalogue."""

from blueprints.records.penalties import catalogue, ledger, pages, proposing, steps  # noqa: F401  (their routes)
