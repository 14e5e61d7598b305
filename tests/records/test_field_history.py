"""What a fact said before: marks only where something was changed, the panel, the page, and who may read it."""

from __future__ import annotations

import re

import pytest

from portal.db import transaction
from portal.models.customer import Customer
from portal.models.org import User
from portal.permissions import Role
from portal.services import complaints, customers, fields
from portal.services.field_history import changed, of_field
from tests.listing import rows as sample


def change(number, who, at, **values):
    with transaction() as writing:
        record = writing.query(Customer).filter_by(number=number).one()
        fields.apply(writing, record, values, customers.FIELDS, actor=writing.get(User, who.id), at=at)


def marks(text):
    return set(re.findall(r'history-mark" href="([^"]+)"', text))


def test_only_what_was_changed_has_a_mark(sign_in, make, clock, session):
    client, customer = sign_in(Role.SPECIALIST), make.customer(name="邓佳怡")
    page = f"/records/customers/{customer.number}"
    assert not marks(client.get(page, status=200).text)
    change(customer.number, client.user, clock.now(), remarks="晚上打")
    change(customer.number, client.user, clock.now(), remarks="周末打", intention="HIGH")
    assert marks(client.get(page, status=200).text) == {f"{page}/history/{name}" for name in ("remarks", "intention")}
    assert changed(session, customer) == {"remarks", "intention"}
    label, found = of_field(session, customer, "remarks")
    assert [(each.before, each.after) for each in found] == [("晚上打", "周末打"), ("–", "晚上打")] and label == "备注"


def test_the_panel_and_the_page_say_who_changed_it_from_what_to_what(sign_in, make, clock):
    client, customer = sign_in(Role.SPECIALIST), make.customer()
    change(customer.number, client.user, clock.now(), remarks="<b>晚上打</b>")
    where = f"/records/customers/{customer.number}/history/remarks"
    whole, part = client.get(where, status=200).text, client.get(where, htmx=True, status=200).text
    assert "<html" not in part and "<h1" in whole
    for text in (whole, part):
        assert (
            "“备注”的修改记录" in text
            and client.user.name in text
            and "&lt;b&gt;晚上打" in text
            and "<b>晚上打" not in text
        )


def test_phone_numbers_are_masked_there_too(sign_in, make, clock):
    client, customer = sign_in(Role.SPECIALIST), make.customer()
    change(customer.number, client.user, clock.now(), phone="13912345678")
    text = client.get(f"/records/customers/{customer.number}/history/phone", status=200).text
    assert "13912345678" not in text and customer.phone not in text


def test_who_owned_a_complaint_before_is_read_beside_the_owner(sign_in, make, clock, session):
    client, other = sign_in(Role.MANAGER), make.user(Role.SPECIALIST, name="孟洁")
    first = make.user(Role.SPECIALIST, name="周晓雯")
    number = sample.complaint(first, make.customer(), 1, clock.now(), None)
    with transaction() as writing:
        record = writing.get(complaints.Complaint, number)
        actor = writing.get(User, client.user.id)
        complaints.assign(writing, record, writing.get(User, other.id), actor=actor, at=clock.now())
    page = "/records/complaints/TS-2026-0001"
    assert marks(client.get(page, status=200).text) == {f"{page}/history/owner"}
    text = client.get(f"{page}/history/owner", htmx=True, status=200).text
    assert text.index("周晓雯") < text.index("孟洁")


@pytest.mark.parametrize("name", ["phone", "nothing", "x" * 300, "remarks'--", "__class__"])
def test_what_was_never_changed_has_no_history(sign_in, make, name):
    customer = make.customer()
    sign_in(Role.SPECIALIST).get(f"/records/customers/{customer.number}/history/{name}", status=404, check=False)


def test_whose_record_it_is_not_does_not_read_it(sign_in, make, clock):
    near, far = make.branch(), make.branch()
    mine = sign_in(make.user(Role.SPECIALIST, branch_id=near.id))
    customer = make.customer(branch_id=near.id)
    change(customer.number, mine.user, clock.now(), remarks="晚上打")
    where = f"/records/customers/{customer.number}/history/remarks"
    mine.get(where, status=200)
    sign_in(make.user(Role.SPECIALIST, branch_id=far.id)).get(where, status=404, check=False)
    sign_in(Role.REPAIR_CAPTAIN).get(where, status=404, check=False)
    mine.get("/records/nothing/X-1/history/remarks", status=404, check=False)
