"""P08 suggestions: registering, their page, their steps."""

from blueprints.records.suggestions import pages, registering, steps

__all__ = ["pages", "registering", "steps"]
