"""How wide the windows of the tests are, how long they wait, and how Chromium is started."""

DESKTOP, PHONE = 1440, 390
WIDTHS = (DESKTOP, PHONE)
HEIGHTS = {DESKTOP: 900, PHONE: 844}
PATIENCE = 20_000
"""Milliseconds before a missing thing fails a test; two busy cores are slow."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
