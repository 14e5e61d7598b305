"""All lists, by the plural name of their records."""

from __future__ import annotations

from portal.listing.declaration import Listing
from portal.listing.kinds import (
    archive,
    calls,
    cases,
    house,
    inspections,
    knowledge,
    money,
    penalties,
    people,
    repairs,
    reports,
    reviews,
    sales,
    site,
    surveys,
    touches,
    works,
)

LISTINGS: dict[str, Listing] = {
    listing.kind: listing
    for listing in (
        *sales.LISTINGS,
        *touches.LISTINGS,
        *people.LISTINGS,
        *cases.LISTINGS,
        *works.LISTINGS,
        *archive.LISTINGS,
        *site.LISTINGS,
        *calls.LISTINGS,
        *inspections.LISTINGS,
        *repairs.LISTINGS,
        *money.LISTINGS,
        *penalties.LISTINGS,
        *surveys.LISTINGS,
        *reviews.LISTINGS,
        *reports.LISTINGS,
        *knowledge.LISTINGS,
        *house.LISTINGS,
    )
}
