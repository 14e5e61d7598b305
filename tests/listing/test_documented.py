"""The record type that `docs/lists.md` declares: exactly its lines, served in every view."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from blueprints.records import lists
from portal import visibility
from portal.app import create_app
from portal.db import transaction
from portal.exporting import fields, reading
from portal.listing import engine, groups
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.notice import Delivery
from portal.permissions import Role
from tests.conftest import opened

PAGE = Path(__file__).parents[2] / "docs" / "lists.md"


@pytest.fixture
def app(config):
    """One of its own: it gets an address more."""
    with opened(create_app(config)) as made:
        yield made


@pytest.fixture
def listing(monkeypatch, app):
    """What the page says, run as it stands there, with its address."""
    (example,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    monkeypatch.setattr(visibility, "RULES", dict(visibility.RULES))
    made: dict[str, object] = {}
    exec(compile(example, str(PAGE), "exec"), made)  # the page is ours
    (found,) = made["LISTINGS"]
    monkeypatch.setitem(LISTINGS, found.kind, found)
    app.add_url_rule(found.path, f"records.list_{found.kind}", lists._view(found))
    return found


@pytest.fixture
def client(listing, make, sign_in, clock):
    client, other = sign_in(Role.SPECIALIST), make.user(Role.SPECIALIST)
    with transaction() as writing:
        for number, state in enumerate(("SENT", "SENT", "FAILED", "DUE"), 1):
            for user in (client.user, other):
                key = f"{user.id}-{number}"
                writing.add(
                    Delivery(
                        key=key, user_id=user.id, state=state, message_id=f"M-{key}", attempts=number, created_at=clock.now()
                    )
                )  # fmt: skip
    return client


def test_the_documented_type_is_short(listing):
    (example,) = re.findall(r"^DELIVERIES = .*?^\)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert example.count("\n") < 30


def test_it_is_served_in_every_view_it_fits(client, listing, session, clock):
    mine = f"M-{client.user.id}-"
    for view in ("list", *(name for name, each in lists.VIEWS.items() if each.fits(listing))):
        text = client.get(listing.path, query={"view": view, "filter": ""}, status=200).text
        assert f"M-{client.user.id + 1}-" not in text, view
        if view == "list":
            assert text.count('<tr class="line">') == 4 and mine in text and "已发送" in text
    assert {"kanban", "calendar", "pivot", "graph"} <= {
        name for name, each in lists.VIEWS.items() if each.fits(listing)
    }


def test_search_filters_conditions_groups_and_export_follow(client, listing, session, clock):
    user, at = client.user, clock.now()

    def count(**args):
        return engine.count(session, user, listing.kind, args, at=at)[0]

    assert count() == count(filter="today") == 4
    assert count(filter="state.SENT") == 2 and count(q=f"M-{user.id}-3") == 1
    assert count(where='["all",["attempts","least","3"]]') == 2
    found, _more = groups.of(session, user, listing, State(), [groups.read(listing, "state")], [], at=at)
    assert {(group.values[0], group.count) for group in found} == {("SENT", 2), ("FAILED", 1), ("DUE", 1)}
    taken = list(fields.fields(listing.kind).values())
    (lines,) = list(reading.lines(session, user, listing, State(), taken, at=at))
    assert [line[1] for line in lines] == [f"M-{user.id}-{number}" for number in (4, 3, 2, 1)]
