"""Contracts keep the number that is printed on them, whatever signs it has; every address bears it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.models.contract import Contract
from portal.paths import in_path, record_path
from portal.permissions import Role
from tests.records.test_works import SIGNED

NUMBERS = ("HT/2026/001", "杭装（合）字/第12号", "A#1?b=2&c", "100%2F", "a\\b", "..", "new", "edit", "HT 2026+1", "HT/2026/edit", "é/ö")  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_a_contract_with_any_number_is_found_at_its_address_and_all_that_hangs_on_it(sign_in, make, session, number):
    client, customer = sign_in(Role.SPECIALIST), make.customer(name="张建军")
    made = client.post(f"/records/contracts/new?customer={customer.number}", {**SIGNED, "number": number}, status=303)
    here = made.headers["Location"]
    assert here == record_path("contracts", number)
    kept = session.scalars(select(Contract)).one()
    assert kept.number == number
    shown = client.get(here, status=200).text
    for link in set(re.findall(r'(?:href|action)="(/records/contracts/[^"]+)"', shown)):
        assert link.startswith((here, "/records/contracts/new")), link
    for part in ("/edit", "/attachments", "/talk", "/timeline", "/payments/new"):
        client.get(here + part, status=200)
    client.post(f"{here}/notes", {"text": "看过原件"}, status=303)
    assert "看过原件" in client.get(here).text
    assert f'href="{here}"' in client.get("/records/contracts", status=200).text


def test_ordinary_numbers_stay_as_they_are():
    assert record_path("contracts", "HT-2026-0001") == "/records/contracts/HT-2026-0001"
    assert in_path("HT/1") == "HT%252F1" and in_path("..") == "%252E."
