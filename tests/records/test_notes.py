"""Notes with files, notes said otherwise, and looking for words in a history."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from PIL import Image
from sqlalchemy import select

from portal.db import transaction
from portal.models.attachment import Attachment
from portal.models.event import Event, EventKind
from portal.models.notice import Notice
from portal.permissions import Role
from portal.services import events
from tests.records.test_own_tasks import work_off


@pytest.fixture
def room(sign_in, make):
    browser = sign_in(Role.SPECIALIST, name="周敏")
    customer = make.customer(owner_id=browser.user.id)
    return SimpleNamespace(
        browser=browser, customer=customer, base=f"/records/customers/{customer.number}",
        li=make.user(Role.SPECIALIST, name="李静"),
    )  # fmt: skip


def picture(colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    out.seek(0)
    return out


def notes(session):
    session.rollback()
    return session.scalars(select(Event).where(Event.kind == EventKind.NOTE).order_by(Event.id)).all()


# ---------- Files ----------


def test_a_file_is_sent_at_once_and_named_by_the_note(room, session):
    part = room.browser.post(f"{room.base}/talk/files", {"files": (picture(), "现场.png")}, status=200).text
    item = session.scalars(select(Attachment)).one()
    assert f'value="{item.id}" checked' in part and "/thumbnail" in part and "<html" not in part
    room.browser.post(f"{room.base}/notes", {"text": "", "attachment": str(item.id)}, status=303)
    (note,) = notes(session)
    assert note.data["files"] == [{"id": item.id, "name": item.name}]
    text = room.browser.get(room.base, status=200).text
    assert f'href="/records/attachments/{item.id}/file"' in text.split('id="talk"')[1]


def test_without_javascript_files_come_with_the_note(room, session):
    sent = {"text": "两张照片", "files": [(picture(), "一.png"), (picture("blue"), "二.png")]}
    room.browser.post(f"{room.base}/notes", sent, status=303)
    assert [file["name"] for file in notes(session)[0].data["files"]] == ["一.png", "二.png"]


def test_what_is_refused_is_said_and_nothing_is_lost(room, session):
    bad = (io.BytesIO(b"MZ" + b"\0" * 99), "virus.exe")
    assert "virus.exe" in room.browser.post(f"{room.base}/talk/files", {"files": bad}, status=422).text
    bad = (io.BytesIO(b"MZ" + b"\0" * 99), "virus.exe")
    sent = {"text": "留着这句", "files": [(picture(), "好.png"), bad]}
    answer = room.browser.post(f"{room.base}/notes", sent, status=422).text
    assert "留着这句</textarea>" in answer and "virus.exe" in answer and "好.png" in answer and " checked" in answer
    assert notes(session) == []


@pytest.mark.parametrize("given", ["99999", "-1", "x", "1" * 30])
def test_a_file_of_elsewhere_is_not_named(room, session, make, given):
    room.browser.post(f"{room.base}/notes", {"text": "看", "attachment": given})
    assert all("files" not in note.data for note in notes(session))


def test_a_file_of_another_record_is_refused(room, session, make):
    other = make.customer(owner_id=room.browser.user.id)
    room.browser.post(f"/records/customers/{other.number}/talk/files", {"files": (picture(), "一.png")}, status=200)
    number = session.scalars(select(Attachment.id)).one()
    answer = room.browser.post(f"{room.base}/notes", {"text": "看", "attachment": str(number)}, status=422)
    assert "已不在此记录上" in answer.text and "看</textarea>" in answer.text


def test_neither_words_nor_files_is_nothing(room, session):
    assert "请先填写内容" in room.browser.post(f"{room.base}/notes", {"text": " "}, status=422).text
    assert notes(session) == []


# ---------- Said otherwise ----------


@pytest.fixture
def note(room, session):
    room.browser.post(f"{room.base}/notes", {"text": "客户周五在家"}, status=303)
    return notes(session)[0]


def edit(room, note, text, *, seen=None, browser=None, **options):
    data = {"text": text, "seen": str(seen or note.id)}
    return (browser or room.browser).post(f"{room.base}/notes/{note.id}/edit", data, **options)


def test_both_wordings_stay(room, note, session):
    form = room.browser.get(f"{room.base}/notes/{note.id}/edit", status=200).text
    assert "客户周五在家</textarea>" in form
    edit(room, note, "客户周六在家", status=303)
    first, second = notes(session)
    assert first.data["text"] == "客户周五在家" and events.check_chain(session).ok
    assert (second.action, second.data["was"], second.data["text"]) == ("edit", "客户周五在家", "客户周六在家")
    text = room.browser.get(room.base, status=200).text.split('id="talk"')[1]
    assert "已修改" in text and "<del>客户周五在家</del>" in text and text.count("客户周六在家") == 2
    edit(room, note, "客户周日在家", seen=second.id, status=303)
    text = room.browser.get(room.base, status=200).text.split('id="talk"')[1]
    assert text.count("<del>") == 2 and '<p class="body">客户周日在家</p>' in text


def test_only_ones_own_only_for_a_while_and_only_what_one_saw(room, note, session, sign_in, clock, make):
    theirs = sign_in(room.li)
    edit(room, note, "x", browser=theirs, status=404)
    assert f"/notes/{note.id}/edit" not in theirs.get(room.base, status=200).text
    assert f"/notes/{note.id}/edit" in room.browser.get(room.base, status=200).text
    edit(room, note, "二", status=303)
    stale = edit(room, note, "三", status=409)
    assert "三</textarea>" in stale.text
    edit(room, note, "  ", seen=notes(session)[-1].id, status=422)
    other = make.customer(owner_id=room.browser.user.id)
    room.browser.post(f"/records/customers/{other.number}/notes/{note.id}/edit", {"text": "x", "seen": "1"}, status=404)
    room.browser.post(f"{room.base}/notes/999/edit", {"text": "x", "seen": "1"}, status=404)
    clock.advance(minutes=16)
    assert f"/notes/{note.id}/edit" not in sign_in(room.browser.user).get(room.base, status=200).text
    edit(room, note, "四", seen=notes(session)[-1].id, browser=sign_in(room.browser.user), status=409)
    assert len(notes(session)) == 2


def test_the_same_words_are_no_change(room, note, session):
    edit(room, note, "客户周五在家", status=303)
    assert len(notes(session)) == 1


def test_who_is_named_anew_is_told_and_nobody_twice(room, session):
    room.browser.post(f"{room.base}/notes", {"text": "看看"}, status=303)
    note = notes(session)[0]
    edit(room, note, "@李静 看看", status=303)
    edit(room, note, "@李静 快看看", seen=notes(session)[-1].id, status=303)
    work_off(session)
    assert [row.user_id for row in session.scalars(select(Notice))] == [room.li.id]


def test_a_message_is_never_changed(room, session, sign_in):
    sign_in(room.li).post(f"{room.base}/follow", status=303)
    room.browser.post(f"{room.base}/messages", {"text": "改期"}, status=303)
    message = session.scalars(select(Event).where(Event.kind == EventKind.MESSAGE)).one()
    edit(room, message, "x", status=404)


# ---------- Words in a history ----------


def test_the_history_is_searched_as_it_is_shown(room, note, session, clock):
    edit(room, note, "客户ＡＢＣ<b>周六</b>", status=303)
    with transaction() as writing:
        events.record(
            writing, EventKind.CHANGE, actor=writing.merge(room.browser.user), at=clock.now(),
            record=writing.merge(room.customer), changes={"kind": ["LEAD", "SIGNED"]},
        )  # fmt: skip
    for words, count in (("abc 周六", 2), ("周五", 1), ("已签约", 1), ("周敏", 3), ("没有这个", 0), ("<b>", 2)):
        part = room.browser.get(f"{room.base}/timeline", query={"q": words}, htmx=True, status=200).text
        assert part.count('<li class="entry ') == count, words
        assert (f"找到 {count} 条" if count else "没有这些内容") in part
    whole = room.browser.get(f"{room.base}/timeline", query={"q": "周五"}, status=200).text
    assert 'value="周五"' in whole and whole.count('<li class="entry ') == 1


def test_older_entries_are_a_page_too(room, session):
    with transaction() as writing:
        for number in range(60):
            events.record(
                writing, EventKind.NOTE, actor=writing.merge(room.browser.user), at=room.customer.created_at,
                record=writing.merge(room.customer), text=f"第 {number} 条",
            )  # fmt: skip
    path = room.browser.get(room.base, status=200).text.split('hx-get="')
    older = next(part.split('"')[0] for part in path if "/timeline?before=" in part.split('"')[0])
    assert "第 3 条" in room.browser.get(older, status=200).text
