"""Pages of drawing reviews: handing in, the record, its steps, designers at a glance, the catalogue of deductions."""

from blueprints.records.drawing_reviews import catalogue, designers, pages, registering  # noqa: F401  (their routes)
