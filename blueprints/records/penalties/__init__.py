"""Pages of penalties and rewards: one with its steps, proposing by hand, the ledger by month, the catalogue."""

from blueprints.records.penalties import catalogue, ledger, pages, proposing, rewards, steps  # noqa: F401  (their routes)
