"""The portal with its files in a bucket: pages, forms, imports and checks, and what happens when it is not reachable."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from sqlalchemy import select

from jobs import outbox as delivery
from portal import verify
from portal.config import Bucket, Config
from portal.db import session as current_session
from portal.db import transaction
from portal.documents import rendering
from portal.files.bucket import BucketStore
from portal.models.document import Document, DocumentState
from portal.models.event import Event, EventKind
from portal.models.importing import ImportRun
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.permissions import Role
from portal.services import imports
from tests import s3
from tests.documents import world
from tests.factories import Make
from tests.files import hostile
from tests.files.test_attachments import kept, upload
from tests.imports.workbooks import ledger

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def config(config: Config, bucket: Bucket) -> Config:
    return replace(config, files_url=s3.url(bucket))


@pytest.fixture
def store(config: Config) -> BucketStore:
    assert isinstance(config.files, Bucket)
    return BucketStore(config.files, config.home / "tmp")


@pytest.fixture
def owner(make: Make) -> User:
    return make.user(Role.SPECIALIST, name="周晓雯")


@pytest.fixture
def complaint(make: Make, clock: Any, owner: User) -> Any:
    return world.registered(make, clock, owner)


@contextmanager
def outage(app: Any) -> Iterator[None]:
    """The server of the bucket does not answer."""
    config = app.config["PORTAL"]
    app.config["PORTAL"] = replace(config, files_url=s3.url(replace(config.files, endpoint=DEAD)))
    try:
        yield
    finally:
        app.config["PORTAL"] = config


def place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def test_a_photo_and_a_paper_go_in_and_come_out_as_from_a_folder(
    sign_in: Any, owner: User, complaint: Any, store: BucketStore, home: Path
) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.located_photo(), "客厅.jpg"), (hostile.PDF, "协议.pdf"), status=303)
    photo, paper = kept()
    assert len(list(store.all())) == 3 and not (home / "files").exists() and not list((home / "tmp").iterdir())
    shown = browser.get(f"/records/attachments/{photo.id}/file", status=200, check=False)
    assert shown.mimetype == "image/jpeg" and shown.data == store.read(photo.file.sha256)
    saved = browser.get(f"/records/attachments/{paper.id}/file", status=200, check=False)
    assert saved.headers["Content-Disposition"].startswith("attachment") and saved.data == hostile.PDF
    small = browser.get(f"/records/attachments/{photo.id}/thumbnail", status=200, check=False)
    for answer in (shown, saved, small):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "no-cache" in answer.headers["Cache-Control"] and answer.headers["Accept-Ranges"] == "bytes"
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert sign_in(Role.REVIEWER).get(f"/records/attachments/{photo.id}/file", check=False).status_code == 404


def test_ranges_and_marks_fetch_only_what_is_asked_for(
    sign_in: Any, owner: User, complaint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(owner)
    content = hostile.PDF + b"\0" * 5_000_000
    upload(browser, complaint, (content, "协议.pdf"), status=303)
    path = f"/records/attachments/{kept()[0].id}/file"
    starts: list[int] = []
    stream = BucketStore.stream

    def seen(self: BucketStore, sha256: str, start: int = 0) -> Any:
        starts.append(start)
        return stream(self, sha256, start)

    monkeypatch.setattr(BucketStore, "stream", seen)
    whole = browser.get(path, status=200, check=False)
    assert whole.data == content and starts == [0]
    part = browser.get(path, headers={"Range": "bytes=4000000-4000009"}, check=False)
    assert (part.status_code, part.data) == (206, content[4_000_000:4_000_010]) and starts == [0, 4_000_000]
    assert part.headers["Content-Range"] == f"bytes 4000000-4000009/{len(content)}"
    assert browser.get(path, headers={"Range": "bytes=9999999-"}, check=False).status_code == 416
    again = browser.get(path, headers={"If-None-Match": whole.headers["ETag"]}, check=False)
    assert (again.status_code, again.data) == (304, b"") and starts == [0, 4_000_000]


def test_when_the_bucket_is_not_reachable_the_page_says_so_and_nothing_is_half_kept(
    app: Any, sign_in: Any, owner: User, complaint: Any
) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.photo(), "门.jpg"), status=303)
    path = f"/records/attachments/{kept()[0].id}/file"
    with outage(app):
        for answer in (
            upload(browser, complaint, (hostile.PDF, "协议.pdf"), check=False),
            upload(browser, complaint, (hostile.PDF, "协议.pdf"), htmx=True, check=False),
            browser.get(path, check=False),
        ):
            assert answer.status_code == 503 and "文件存储暂时无法连接" in answer.text
        listing = browser.get(f"/records/complaints/{complaint.number}/attachments", status=200).text
    assert [item.name for item in kept()] == ["门.jpg"] and "门.jpg" in listing
    upload(browser, complaint, (hostile.PDF, "协议.pdf"), status=303)
    assert len(kept()) == 2 and browser.get(path, check=False).status_code == 200


def test_a_file_lost_from_the_bucket_is_said_to_be_missing(
    sign_in: Any, owner: User, complaint: Any, store: BucketStore, s3_server: s3.Server
) -> None:
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.PDF, "协议.pdf"), status=303)
    s3_server.remove(store.bucket, place(kept()[0].file.sha256))
    answer = browser.get(f"/records/attachments/{kept()[0].id}/file", check=False)
    assert answer.status_code == 404 and "文件" in answer.text


@pytest.mark.pdf
def test_a_form_with_photos_is_made_and_kept_there(
    app: Any, clock: Any, sign_in: Any, owner: User, complaint: Any, store: BucketStore, s3_server: s3.Server
) -> None:
    rendering.warm_up(app.config["PORTAL"].home)
    browser = sign_in(owner)
    upload(browser, complaint, (hostile.photo((400, 300)), "门.jpg"), (hostile.photo((300, 400)), "窗.jpg"), status=303)
    s3_server.remove(store.bucket, place(kept()[1].file.sha256))
    path = browser.post(f"/records/complaints/{complaint.number}/documents/F-06", status=303).headers["Location"]
    with outage(app):
        assert work() == 1
        assert current_session().scalars(select(Document)).one().state != DocumentState.DONE
    clock.advance(minutes=1)
    assert work() == 1
    current_session().rollback()
    document = current_session().scalars(select(Document)).one()
    assert document.state == DocumentState.DONE and store.verify(document.sha256 or "")
    answer = browser.get(f"{path}/file", status=200, check=False)
    pages = pypdf.PdfReader(io.BytesIO(answer.data)).pages
    assert len({image.data for one in pages for image in one.images}) == 1
    assert "此照片无法显示" in "".join(one.extract_text() for one in pages).replace("\n", "")
    assert len(current_session().scalars(select(Event).where(Event.kind == EventKind.PRINT)).all()) == 1


def work() -> int:
    """Deliver what waits for the pdf worker; how many pieces of work that was."""
    current_session().rollback()
    waiting = select(Outbox.id).where(Outbox.queue == "pdf", Outbox.state == OutboxState.PENDING)
    ids = list(current_session().scalars(waiting))
    current_session().rollback()
    return sum(delivery.deliver(number) for number in ids)


def test_a_workbook_is_kept_there_and_read_again(
    app: Any, clock: Any, make: Make, store: BucketStore, tmp_path: Path
) -> None:
    content = ledger(tmp_path / "ledger.xlsx", [{}]).read_bytes()
    book = imports.take(store, content, "台账.xlsx")
    with transaction() as session:
        run_id = imports.start(session, book, actor=make.user(Role.MANAGER), at=clock.now()).id
    run = current_session().get_one(ImportRun, run_id)
    assert store.read(run.file_sha256) == content
    assert imports.sheet_of(store, run).rows == book.sheets[0].rows


def test_the_invariant_looks_into_the_bucket(
    app: Any, sign_in: Any, owner: User, complaint: Any, store: BucketStore, s3_server: s3.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    upload(sign_in(owner), complaint, (hostile.PDF, "一.pdf"), (hostile.PDF + b"2", "二.pdf"), status=303)

    def problems() -> list[str]:
        current_session().rollback()
        result = next(item for item in verify.run_all() if item.code == "I5")
        return list(result.problems)

    assert problems() == []
    first, second = (item.file.sha256 for item in kept())
    s3_server.remove(store.bucket, place(first))
    s3_server.overwrite(store.bucket, place(second), b"changed")
    stray = store.put(b"of nobody")
    monkeypatch.setattr(verify, "FRESH_FILE_SECONDS", -60)
    assert problems() == [
        f"file {first[:12]}… is missing or changed",
        f"file {second[:12]}… is missing or changed",
        f"the bytes {stray[:12]}… belong to nothing",
    ]
    with outage(app):
        (said,) = problems()
    assert "does not answer" in said
