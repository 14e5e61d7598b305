"""P21 surveys: their pages, steps and links."""

from blueprints.records.surveys import linking, pages, starting, steps

__all__ = ["linking", "pages", "starting", "steps"]
