"""What the lists of contracts, reviews, inspections and the ledger cost: few questions to the database, however many rows there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.permissions import Role
from tests.listing import rows

MOST_QUERIES = 15
LISTS = (
    "contracts", "drawing-reviews", "review-findings", "completions", "pre-acceptances", "inspections",
    "rectification-notices", "penalties", "rewards",
)  # fmt: skip


def test_a_page_asks_at_most_fifteen_times_and_not_for_each_row(
    make: Any, clock: Any, sign_in: Any, queries: Callable[[], Any]
):
    """As a manager of all stores, as the list opens and with all its rows; eight rows ask three times more than none at most."""
    client = sign_in(Role.MANAGER)
    addresses = [f"/records/{kind}?{more}" for kind in LISTS for more in ("sort=", "filter=&sort=")]
    asked: dict[str, list[int]] = {address: [] for address in addresses}
    for fill in (lambda: None, lambda: rows.fill(make, clock)):
        fill()
        for address in addresses:
            with queries() as seen:
                client.get(address, status=200)
            asked[address].append(len(seen))
    assert {address: counts for address, counts in asked.items() if max(counts) > MOST_QUERIES} == {}
    assert {address: counts for address, counts in asked.items() if counts[1] > counts[0] + 3} == {}
