"""Charts as SVG drawn on the server, the same on the page and on paper. No script, no inline style."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from portal.i18n import _

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 16, 28


def bars_and_line(
    labels: Sequence[str],
    bars: Sequence[int],
    line: Sequence[int],
    *,
    bar_name: str,
    line_name: str,
    key: str = "trend",
) -> Markup:
    """Bars with a line over them, for example received and closed per week. The last bar is the present one."""
    top = _nice(max([*bars, *line, 1]))
    width = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    high = HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + high * (1 - value / top), 1)

    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{escape(key)}-title">',
        f'<title id="{escape(key)}-title">{escape(_("%(first)s and %(second)s", first=bar_name, second=line_name))}</title>',
    ]
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value)}" y2="{y(value)}" stroke="#e4e0d8"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    points = []
    for index, (label, bar, point) in enumerate(zip(labels, bars, line, strict=True)):
        middle = LEFT + width * (index + 0.5)
        fill = "fill-accent" if index == len(labels) - 1 else "fill-accent-soft"
        colour = "#2b5a86" if index == len(labels) - 1 else "#bcd2e4"
        parts.append(
            f'<rect class="{fill}" fill="{colour}" x="{middle - width * 0.32:.1f}" y="{y(bar)}" width="{width * 0.64:.1f}"'
            f' height="{max(0.0, TOP + high - y(bar)):.1f}" rx="2"><title>{escape(label)} {escape(bar_name)} {bar}</title></rect>'
        )
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>')
        points.append((middle, y(point), label, point))
    track = " ".join(f"{x:.1f},{height}" for x, height, _label, _point in points)
    parts.append(f'<polyline class="line-ink" fill="none" stroke="#3b4754" stroke-width="1.5" points="{track}"/>')
    for x, height, label, point in points:
        parts.append(
            f'<circle class="dot-ink" cx="{x:.1f}" cy="{height}" r="3.5" fill="#ffffff" stroke="#3b4754" stroke-width="1.5">'
            f"<title>{escape(label)} {escape(line_name)} {point}</title></circle>"
        )
    return Markup("".join(parts) + "</svg>")


def _nice(value: float) -> int:
    for step in (4, 8, 12, 20, 40, 60, 80, 120, 200, 400, 800, 1200, 2000, 4000, 8000, 20000):
        if value <= step:
            return step
    return int(value * 1.2)
