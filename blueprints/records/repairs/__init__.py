"""Pages of repairs: the list of a day's visits, one repair with its tabs and steps, the case of its cost."""

from blueprints.records.repairs import cost_cases, pages, registering, steps, visits  # noqa: F401  (their routes)
