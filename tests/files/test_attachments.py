"""Files of records through the pages: who may add, see and remove them, and what is said when not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from portal.db import session as current_session
from portal.db import transaction
from portal.files.store import Store
from portal.models.attachment import Attachment, StoredFile
from portal.models.complaint import Complaint
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.permissions import Role
from tests.client import Client
from tests.documents import world
from tests.factories import Make
from tests.files import hostile


@pytest.fixture
def owner(make: Make) -> User:
    return make.user(Role.SPECIALIST, name="周晓雯")


@pytest.fixture
def complaint(make: Make, clock: Any, owner: User) -> Complaint:
    return world.registered(make, clock, owner)


def upload(browser: Client, complaint: Complaint, *files: tuple[bytes, str], **options: Any) -> Any:
    """Send the files as a browser does, in one body."""
    parts = [("files", FileStorage(io.BytesIO(content), name)) for content, name in files]
    boundary, body = encode_multipart(MultiDict([*parts, ("kind", options.pop("kind", "FILE"))]))
    content_type = f'multipart/form-data; boundary="{boundary}"'
    path = f"/records/complaints/{complaint.number}/attachments"
    return browser.open("POST", path, data=body, content_type=content_type, **options)


def kept() -> list[Attachment]:
    current_session().rollback()
    return list(current_session().scalars(select(Attachment).order_by(Attachment.id)))


def test_files_are_added_listed_shown_and_noted(sign_in: Any, owner: User, complaint: Complaint) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.located_photo(), "客厅.jpg"), (hostile.PDF, "协议.pdf"), status=303)
    photo, paper = kept()
    assert [(item.name, item.kind) for item in (photo, paper)] == [("客厅.jpg", "PHOTO"), ("协议.pdf", "FILE")]
    listing = browser.get(f"/records/complaints/{complaint.number}/attachments", status=200).text
    assert "客厅.jpg" in listing and "协议.pdf" in listing and "周晓雯" in listing
    shown = browser.get(f"/records/attachments/{photo.id}/file", status=200, check=False)
    assert shown.mimetype == "image/jpeg" and hostile.GPS_MARK not in shown.data
    assert shown.headers["Content-Disposition"].startswith("inline")
    saved = browser.get(f"/records/attachments/{paper.id}/file", status=200, check=False)
    assert saved.headers["Content-Disposition"].startswith("attachment") and saved.data == hostile.PDF
    small = browser.get(f"/records/attachments/{photo.id}/thumbnail", status=200, check=False)
    assert len(small.data) < len(shown.data) + 2000 and small.mimetype == "image/jpeg"
    browser.get(f"/records/attachments/{paper.id}/thumbnail", status=404)
    for answer in (shown, saved, small):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "no-cache" in answer.headers["Cache-Control"]
    noted = current_session().scalars(select(Event).where(Event.kind == EventKind.FILE)).all()
    assert [(item.actor_id, item.data["name"]) for item in noted] == [(owner.id, "客厅.jpg"), (owner.id, "协议.pdf")]


def test_ranges_are_answered_by_the_book(sign_in: Any, owner: User, complaint: Complaint) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.PDF, "协议.pdf"), status=303)
    path = f"/records/attachments/{kept()[0].id}/file"
    for asked, status, size in (
        ("bytes=0-0", 206, 1),
        ("bytes=-1", 206, 1),
        ("bytes=0-999999", 206, len(hostile.PDF)),
        ("bytes=999999-", 416, None),
    ):
        answer = browser.get(path, headers={"Range": asked}, check=False)
        assert answer.status_code == status and size in (None, len(answer.data)), asked
    whole = browser.get(path, headers={"Range": "bytes=" + ",".join("0-1" for _part in range(10_000))}, check=False)
    assert whole.status_code in (200, 206, 416)


def test_with_htmx_the_panel_comes_back_with_the_new_file(sign_in: Any, owner: User, complaint: Complaint) -> None:
    panel = upload(sign_in(owner), complaint, (hostile.photo(), "门.jpg"), htmx=True, status=200).text
    assert 'id="attachments"' in panel and "门.jpg" in panel and "<html" not in panel


def test_what_is_refused_is_named_and_the_rest_is_kept(
    sign_in: Any, owner: User, complaint: Complaint, app: Any
) -> None:
    bad = (hostile.HTML, "网页.jpg"), (b"", "空.png"), (hostile.EICAR, "病毒.pdf"), (hostile.SVG, "图.svg")
    answer = upload(sign_in(owner), complaint, *bad, (hostile.photo(), "好.jpg"), status=422)
    for sentence in (
        "网页.jpg：不是有效的图片",
        "空.png：文件为空",
        "病毒.pdf：文件未通过安全检查",
        "图.svg：不支持的格式",
    ):
        assert sentence in answer.text
    assert [item.name for item in kept()] == ["好.jpg"]
    store = Store.of(app.config["PORTAL"])
    assert list((store.root / "tmp").iterdir()) == [] and len(list(store.all())) == 2


def test_nothing_chosen_is_said(sign_in: Any, owner: User, complaint: Complaint) -> None:
    assert "请选择文件" in upload(sign_in(owner), complaint, status=422).text


def test_the_same_file_again_is_there_once_and_the_31st_is_refused(
    sign_in: Any, owner: User, complaint: Complaint
) -> None:
    browser = sign_in(owner)
    for _again in range(3):
        upload(browser, complaint, (hostile.PDF, "协议.pdf"), status=303)
    assert len(kept()) == 1
    upload(browser, complaint, *((hostile.PDF + bytes([n]), f"{n}.pdf") for n in range(29)), status=303)
    assert "每条记录最多 30 张" in upload(browser, complaint, (hostile.PDF + b"last", "31.pdf"), status=422).text
    assert len(kept()) == 30
    assert current_session().scalar(select(func.count()).select_from(StoredFile)) == 30


def test_a_closed_case_takes_no_more_files(make: Make, clock: Any, sign_in: Any, owner: User) -> None:
    closed = world.closed(make, clock, owner)
    answer = upload(sign_in(owner), closed, (hostile.photo(), "晚.jpg"), status=409)
    assert "案件已关闭，不能再上传" in answer.text and kept() == []


def test_files_exist_only_for_who_sees_the_record(make: Make, clock: Any, sign_in: Any) -> None:
    here, there = make.branch(), make.branch()
    owner = make.user(Role.SPECIALIST, branch_id=here.id)
    complaint = world.registered(make, clock, owner, branch_id=here.id)
    upload(sign_in(owner), complaint, (hostile.photo(), "canary-photo.jpg"), status=303)
    item = kept()[0]
    strangers = [
        sign_in(Role.SPECIALIST, branch_id=there.id),
        sign_in(Role.FRONT_DESK),
        sign_in(Role.REVIEWER),
        sign_in(Role.REPAIR_CAPTAIN),
    ]
    for browser in strangers:
        for path in (
            f"/records/attachments/{item.id}/file",
            f"/records/attachments/{item.id}/thumbnail",
            f"/records/complaints/{complaint.number}/attachments",
        ):
            answer = browser.get(path, check=False)
            assert answer.status_code == 404 and b"canary-photo" not in answer.data, (browser.user.role, path)
        assert browser.post(f"/records/attachments/{item.id}/remove", check=False).status_code == 404
        assert upload(browser, complaint, (hostile.photo(), "x.jpg"), check=False).status_code == 404
    assert len(kept()) == 1


def test_a_moved_case_takes_its_files_along(make: Make, clock: Any, sign_in: Any) -> None:
    here, there = make.branch(), make.branch()
    owner = make.user(Role.SPECIALIST, branch_id=here.id)
    complaint = world.registered(make, clock, owner, branch_id=here.id)
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.photo(), "门.jpg"), status=303)
    path = f"/records/attachments/{kept()[0].id}/file"
    tag = browser.get(path, status=200, check=False).headers["ETag"]
    with transaction() as session:
        session.get_one(Complaint, complaint.id).branch_id = there.id
    assert browser.get(path, headers={"If-None-Match": tag}, check=False).status_code == 404


def test_who_added_a_file_or_the_manager_removes_it(
    make: Make, sign_in: Any, owner: User, complaint: Complaint
) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.photo(), "一.jpg"), (hostile.photo(colour="red"), "二.jpg"), status=303)
    first, second = (item.id for item in kept())
    other = sign_in(Role.SPECIALIST)
    assert other.post(f"/records/attachments/{first}/remove", check=False).status_code == 403
    browser.post(f"/records/attachments/{first}/remove", status=303)
    sign_in(Role.MANAGER).post(f"/records/attachments/{second}/remove", status=303)
    assert all(item.removed_at for item in kept())
    assert browser.get(f"/records/attachments/{first}/file", check=False).status_code == 404


def test_names_never_leave_their_header(sign_in: Any, owner: User, complaint: Complaint) -> None:
    browser = sign_in(owner)
    for number, name in enumerate(
        ('a"; filename=evil.html', "..\\..\\b.jpg", "<script>alert(1)</script>.jpg", "长" * 300)
    ):
        content = hostile.photo((30 + number, 30))
        upload(browser, complaint, (content, name), status=303)
    listing = browser.get(f"/records/complaints/{complaint.number}/attachments", status=200).text
    assert "<script>alert" not in listing
    for item in kept():
        header = browser.get(f"/records/attachments/{item.id}/file", status=200, check=False).headers
        assert header["Content-Disposition"].count("filename") <= 2 and "\n" not in header["Content-Disposition"]
        assert item.name.endswith(".jpg") and len(item.name) <= 120


def test_several_large_photos_come_in_one_go_and_a_file_over_15_mb_is_named(
    sign_in: Any, owner: User, complaint: Complaint
) -> None:
    browser = sign_in(owner)
    large = hostile.PDF + b"\0" * 12_000_000
    answer = upload(
        browser, complaint, (large, "一.pdf"), (large + b"2", "二.pdf"), (large + b"3" * 4_000_000, "大.pdf")
    )
    assert answer.status_code == 422 and "大.pdf：超过 15 MB" in answer.text
    assert [item.name for item in kept()] == ["一.pdf", "二.pdf"]
