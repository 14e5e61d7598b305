"""Why a deadline falls when it does: the panel as plain data (`explain`) and its drawing (`render_svg`)."""

from portal.explain.plot import render_svg
from portal.explain.view import Explanation, Fact, Mark, Row, Segment, SegmentKind, explain
from portal.explain.words import counting_text, duration, hours_minutes, limit_text

__all__ = [
    "Explanation",
    "Fact",
    "Mark",
    "Row",
    "Segment",
    "SegmentKind",
    "counting_text",
    "duration",
    "explain",
    "hours_minutes",
    "limit_text",
    "render_svg",
]
