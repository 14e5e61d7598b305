"""The whole record on the phone: everything to read, of the home too, nothing that the captain may not know."""

from __future__ import annotations

from portal.db import session
from portal.permissions import Role
from tests.captain.test_job_pages import to_done


def test_the_whole_record_can_be_read(phone, story, clock, make, sign_in):
    """Facts, warranty, what the captain repaired in the home before, costs, files by name, history; phone masked. Not what
    others repaired there: a captain sees what is assigned to them (7.1)."""
    own = story.reported(symptom="阳台地漏返水", trade="WATER_ELECTRIC")
    story.checked(own)
    story.assigned(own)
    other = make.user(Role.REPAIR_CAPTAIN, name="孙强")
    earlier = story.reported(symptom="书房地板翘起", trade="WOODWORK", reporter="李阿姨", phone="13900008888")
    story.checked(earlier)
    mine, story.captain = story.captain, other
    story.assigned(earlier)
    story.on_site(earlier)
    story.captain = mine
    elsewhere = story.reported(symptom="别处的墙", project=None, customer=None)
    to_done(phone, clock)

    html = phone.client.get(f"{phone.path}/record", status=200).text
    for said in (
        "防水在保", "更换接头，重做防水", "换接头，闭水试验合格",  # F-20
        "防水", "2026-07-04 – 2031-07-03", "使用不当",  # the certificate
        "阳台地漏返水", own.number,  # the home before
        "接头、防水涂料", "460.00",  # costs
        "image.jpg",  # files by name
        "登记费用：接头、防水涂料",  # history
    ):  # fmt: skip
        assert said in html, said
    for hidden in (
        phone.order.phone,
        "13900008888",
        "李阿姨",
        "孙强",
        "书房地板翘起",
        earlier.number,
        "别处的墙",
        elsewhere.number,
    ):
        assert hidden not in html, hidden

    kept = dict(phone.client.get("/repair-captain/kept", status=200).get_json()["pages"])
    before = kept[f"{phone.path}/record"]
    phone.photo("OTHER")  # the phone hears that it keeps an old page
    session().expire_all()
    kept = dict(phone.client.get("/repair-captain/kept", status=200).get_json()["pages"])
    assert kept[f"{phone.path}/record"] == kept[phone.path] != before
    sign_in(Role.REPAIR_CAPTAIN).get(f"{phone.path}/record", status=404)
    sign_in(Role.SPECIALIST).get(f"{phone.path}/record", status=403)
