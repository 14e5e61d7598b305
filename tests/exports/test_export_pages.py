"""From the list to the file on its pages."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from sqlalchemy import func, select

from jobs import exports as job
from portal.db import session as current_session
from portal.db import transaction
from portal.errors import NotFound
from portal.models.export import Export, ExportPreset, ExportState
from portal.permissions import Role
from portal.services import exports
from tests.exports.parts import fetched, switch, work


def test_from_the_list_to_the_file(make, sign_in, clock, store):
    client = sign_in(Role.MANAGER)
    make.customer(name="赵敏", owner_id=client.user.id)
    make.customer(name="钱多")
    shown = client.get("/records/customers", query={"filter": "mine"}, status=200).text
    link = re.search(r'href="(/records/exports/new[^"]*)"', shown).group(1).replace("&amp;", "&")
    form = client.get(link, status=200).text
    assert "我的" in form
    key = re.search(r'name="client_key" value="([^"]+)"', form).group(1)
    sent = {
        "kind": "customers", "filter": "mine", "q": "", "sort": "", "client_key": key, "format": "CSV",
        "columns": ["name", "phone"],
    }  # fmt: skip
    answer = client.post("/records/exports/new", sent, status=303)
    assert client.post("/records/exports/new", sent, status=303).location == answer.location, "sent twice, made once"
    other = client.post("/records/exports/new", sent | {"columns": ["name"]}, status=303).location
    assert other != answer.location, "gone back and chosen otherwise: another file"
    client.post(f"{other}/stop", status=303)
    path = answer.location
    assert "hx-get" in client.get(path, status=200).text
    client.get(f"{path}/progress", status=200)
    client.get(f"{path}/file", status=404)
    work()
    assert client.get(f"{path}/progress", htmx=True, status=204).headers["HX-Redirect"] == path
    assert f"{path}/file" in client.get(path, status=200).text
    taken = client.get(f"{path}/file", status=200)
    assert taken.data.decode("utf-8-sig").splitlines()[1].startswith("赵敏,") and "钱多" not in taken.data.decode()
    assert path in client.get("/records/exports", status=200).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": []},
        {"columns": ["nonsense"]},
        {"format": "EXE"},
        {"full_phones": "1"},
        {"filter": "nonsense", "columns": []},
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(make, sign_in, session, wrong):
    client = sign_in(Role.MANAGER)
    sent = {"kind": "customers", "filter": "mine", "columns": ["name"], "format": "CSV", "purpose": ""} | wrong
    said = client.post("/records/exports/new", sent | {"preset_name": "周报"}, status=422).text
    assert 'role="alert"' in said and 'value="周报"' in said
    assert session.scalar(select(func.count(Export.id))) == 0
    client.post("/records/exports/new", sent | {"kind": "nonsense"}, status=404)


def test_sets_of_columns_are_saved_shared_and_taken_away(make, sign_in, session):
    switch("export_specialists", True)
    manager, specialist = sign_in(Role.MANAGER), sign_in(Role.SPECIALIST)
    sent = {"kind": "customers", "filter": "", "format": "CSV", "columns": ["number", "grade"], "save": "1"}
    place = manager.post(
        "/records/exports/new", sent | {"preset_name": "=周报", "shared": "1"}, status=303
    ).location  # fmt: skip
    assert re.findall(r'value="(\w+)" checked', manager.get(place, status=200).text)[:2] == ["number", "grade"]
    specialist.post("/records/exports/new", sent | {"preset_name": "我的"}, status=303)
    specialist.post("/records/exports/new", sent | {"preset_name": "共享", "shared": "1"}, status=403)
    specialist.post("/records/exports/new", sent | {"preset_name": ""}, status=422)
    shared, own = session.scalars(select(ExportPreset).order_by(ExportPreset.id))
    assert "=周报" in specialist.get("/records/exports/new?kind=customers", status=200).text
    assert "我的</" not in manager.get(place, status=200).text.split("export-sets")[1].split("</nav>")[0]
    specialist.post(f"/records/exports/presets/{shared.id}/delete", status=403)
    manager.post(f"/records/exports/presets/{own.id}/delete", status=404)
    specialist.post(f"/records/exports/presets/{own.id}/delete", status=303)
    assert session.scalars(select(ExportPreset.id)).all() == [shared.id]


def test_an_expired_or_foreign_number_answers_alike(sign_in):
    client = sign_in(Role.MANAGER)
    for path in ("/records/exports/99999", "/records/exports/99999/file", "/records/exports/99999/progress"):
        client.get(path, status=404)
    with pytest.raises(NotFound):
        exports.find(current_session(), client.user, 99999, at=datetime.now().astimezone())


def test_a_worker_that_never_lives_gives_up_in_words(make, sign_in, session, ask):
    make.customer()
    client = sign_in(Role.MANAGER)
    number = ask(client.user, "customers")
    with transaction() as writing:
        job.HANDLERS["make_export"].gave_up(writing, "died", export_id=number)
    assert fetched(number).state == ExportState.FAILED
    assert "文件未能生成" in client.get(f"/records/exports/{number}", status=200).text
