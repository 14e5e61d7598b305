"""The store keeps content once, whole, under its own hash: in a folder and in a bucket alike."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from portal.config import Bucket, Config, ConfigError
from portal.files.bucket import BucketStore
from portal.files.folder import FolderStore
from portal.files.store import ABANDONED_SECONDS, Store, StoreError
from tests import s3

NOTHING = "0" * 64


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "files")
    return BucketStore(request.getfixturevalue("bucket"), tmp_path / "tmp")


@pytest.fixture
def overwrite(request: pytest.FixtureRequest, store: Store) -> Callable[[str, bytes], None]:
    """Put something below the top of the store behind its back."""

    def write(path: str, content: bytes) -> None:
        if isinstance(store, FolderStore):
            (store.root / path).parent.mkdir(parents=True, exist_ok=True)
            (store.root / path).write_bytes(content)
        else:
            assert isinstance(store, BucketStore)
            server: s3.Server = request.getfixturevalue("s3_server")
            server.overwrite(store.bucket, path, content)

    return write


def place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def test_content_lies_once_under_its_hash(store: Store) -> None:
    before = time.time() - 2
    sha256 = store.put(b"one")
    assert sha256 == hashlib.sha256(b"one").hexdigest() == store.put(io.BytesIO(b"one"))
    assert (store.read(sha256), store.size(sha256), store.has(sha256)) == (b"one", 3, True)
    (kept,) = store.all()
    assert (kept.sha256, kept.size) == (sha256, 3) and before < kept.at < time.time() + 2
    assert list(store.make_workspace().iterdir()) == []


def test_what_is_deleted_is_gone_here_and_in_the_workspace(store: Store) -> None:
    gone, stays = store.put(b"gone"), store.put(b"stays")
    store.bring(gone)
    for _time in range(2):  # nothing is wrong with content that is not there any more
        store.delete(gone)
    assert (store.has(gone), store.path(gone).exists(), store.read(stays)) == (False, False, b"stays")
    assert [kept.sha256 for kept in store.all()] == [stays]


def test_all_tells_everything_of_ours_in_order_and_nothing_else(
    store: Store, overwrite: Callable[[str, bytes], None]
) -> None:
    names = {store.put(str(number).encode()) for number in range(20)}
    overwrite("notes.txt", b"of somebody else")
    overwrite(f"00/11/{NOTHING}", b"in the wrong place")
    assert [kept.sha256 for kept in store.all()] == sorted(names)


def test_changed_and_missing_content_is_noticed(store: Store, overwrite: Callable[[str, bytes], None]) -> None:
    sha256 = store.put(b"one")
    assert store.verify(sha256)
    overwrite(place(sha256), b"two")
    assert not store.verify(sha256)
    assert store.put(b"one") == sha256 and not store.verify(sha256)
    assert store.put(io.BytesIO(b"one"), replace=True) == sha256 and store.verify(sha256)
    assert not store.verify(NOTHING) and not store.has(NOTHING)
    for ask in (store.open, store.read, store.size, store.bring):
        with pytest.raises(FileNotFoundError):
            ask(NOTHING)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
def test_only_hashes_are_names(store: Store, name: str) -> None:
    for ask in (store.path, store.open, store.read, store.size, store.has, store.bring, store.verify):
        with pytest.raises(ValueError, match="not a SHA-256"):
            ask(name)


def test_a_file_is_read_from_any_position(store: Store) -> None:
    content = os.urandom(3_000_000)
    sha256 = store.put(io.BytesIO(content))
    with store.open(sha256) as file:
        assert file.seek(0, os.SEEK_END) == len(content)
        assert file.read() == b""
        assert file.seek(2_999_990) == 2_999_990 and file.read(100) == content[2_999_990:]
        assert file.seek(5) == 5 and file.read(70_000) == content[5:70_005]
        assert file.read(10) == content[70_005:70_015] and file.tell() == 70_015
        file.seek(0)
        assert file.read() == content


def test_an_empty_file_is_a_file(store: Store) -> None:
    sha256 = store.put(b"")
    assert (store.read(sha256), store.size(sha256), store.verify(sha256)) == (b"", 0, True)
    assert store.bring(sha256).read_bytes() == b""


def test_what_is_brought_lies_where_it_was_said(store: Store) -> None:
    sha256 = store.put(b"one")
    path = store.path(sha256)
    assert store.bring(sha256) == path == store.bring(sha256)
    assert (path.read_bytes(), path.name) == (b"one", sha256)


def test_what_was_brought_long_ago_makes_room(bucket: Bucket, tmp_path: Path) -> None:
    store = BucketStore(bucket, tmp_path / "tmp")
    old, used, new = (store.put(content) for content in (b"old", b"used", b"new"))
    past = time.time() - ABANDONED_SECONDS - 5
    for sha256 in (old, used):
        os.utime(store.bring(sha256), (past, past))
    store.bring(used)
    store.bring(new)
    assert {path.name for path in store.workspace.iterdir()} == {used, new}


def test_many_at_once_keep_all(store: Store) -> None:
    # the same content in a folder; the server of these tests stumbles over two writers of one object
    contents = (
        [os.urandom(300_000)] * 8 if isinstance(store, FolderStore) else [os.urandom(300_000) for _one in range(8)]
    )
    kept: list[str] = []
    threads = [
        threading.Thread(target=lambda content=content: kept.append(store.put(io.BytesIO(content))))
        for content in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == sorted(hashlib.sha256(content).hexdigest() for content in contents)
    assert all(store.verify(sha256) for sha256 in kept)
    assert list(store.make_workspace().iterdir()) == []


def test_what_dead_processes_left_is_swept_and_what_is_being_written_stays(store: Store) -> None:
    sha256 = store.put(b"one")
    temporary = store.make_workspace()
    old, fresh, folder = temporary / "old", temporary / "fresh", temporary / "upload-x"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    folder.mkdir()
    (folder / "source").write_bytes(b"half")
    past = time.time() - ABANDONED_SECONDS - 5
    os.utime(old, (past, past))
    os.utime(folder, (past, past))
    assert store.sweep() == 2
    assert list(temporary.iterdir()) == [fresh] and store.verify(sha256)


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    class Broken(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.put(Broken())  # type: ignore[arg-type]
    assert list(store.workspace.iterdir()) == [] and list(store.all()) == []


def test_the_check_leaves_nothing(store: Store) -> None:
    store.check()
    assert list(store.all()) == [] and list(store.workspace.glob("*")) == []


# When the place fails ------------------------------------------------------------------------------------------------


def everything(store: Store) -> list[Callable[[], object]]:
    return [store.check, lambda: store.put(b"one"), lambda: store.put(io.BytesIO(b"one"))]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = FolderStore(tmp_path / "file" / "files")
    for act in everything(store):
        with pytest.raises(StoreError, match=r"file/files.* cannot be made"):
            act()


def test_a_full_disk_loses_nothing_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = FolderStore(tmp_path / "files")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.put(b"one")
    assert list(store.all()) == [] and list(store.workspace.iterdir()) == []


def test_a_bucket_that_nobody_made_is_named(bucket: Bucket, s3_server: s3.Server, tmp_path: Path) -> None:
    missing = s3_server.missing_bucket()
    store = BucketStore(missing, tmp_path)
    for act in (*everything(store), lambda: list(store.all())):
        with pytest.raises(StoreError, match=f"{missing.name}.* does not exist"):
            act()


def test_a_server_that_does_not_answer_is_named(bucket: Bucket, tmp_path: Path) -> None:
    store = BucketStore(replace(bucket, endpoint="http://127.0.0.1:9"), tmp_path)
    for act in (
        *everything(store),
        lambda: store.has(NOTHING),
        lambda: store.verify(NOTHING),
        lambda: list(store.all()),
    ):
        with pytest.raises(StoreError, match="does not answer"):
            act()


def test_keys_that_are_refused_are_named_and_nothing_is_taken_for_missing(
    bucket: Bucket, s3_server: s3.Server, tmp_path: Path
) -> None:
    store = BucketStore(bucket, tmp_path)
    sha256 = store.put(b"one")
    with s3_server.locked():
        for act in (
            *everything(store),
            lambda: store.has(sha256),
            lambda: store.read(sha256),
            lambda: list(store.all()),
        ):
            with pytest.raises(StoreError, match=r"refuses .*check the keys"):
                act()
    assert store.verify(sha256)


def test_without_keys_it_is_said_which_variables_to_set(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in s3.KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(StoreError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        BucketStore(replace(bucket, prefix="without/keys/"), tmp_path).check()


# Where it lies -------------------------------------------------------------------------------------------------------


def test_where_the_store_lies(tmp_path: Path) -> None:
    home = {"PORTAL_HOME": str(tmp_path)}

    def of(address: str) -> Store:
        return Store.of(Config.from_env(home | {"PORTAL_FILES_URL": address}))

    assert Store.of(Config.from_env(home)) == FolderStore(tmp_path / "files")
    for address in (f"file://{tmp_path}/shared%20files", f"{tmp_path}/shared files"):
        assert of(address) == FolderStore(tmp_path / "shared files")
    for address, bucket in {
        "s3://bucket": Bucket("bucket"),
        "s3://bucket/": Bucket("bucket"),
        "s3://bucket/a/b/": Bucket("bucket", "a/b/"),
        "s3://bucket/a?endpoint=https://s3.example:9000&region=cn-north-1&addressing=virtual": Bucket(
            "bucket", "a/", "https://s3.example:9000", "cn-north-1", "virtual"
        ),
    }.items():
        store = of(address)
        assert isinstance(store, BucketStore) and store.bucket == bucket
        assert store.workspace == tmp_path / "tmp"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://files.example/x", "ftp:// is not supported"),
        ("https://bucket.example", "https:// is not supported"),
        ("files", "must begin with a slash"),
        ("file://server/share", "must begin with a slash"),
        ("s3://", "must be a folder"),
        ("s3:///prefix", "must be a folder"),
        ("s3://key:secret@bucket", "keys belong into AWS_ACCESS_KEY_ID"),
        ("s3://bucket?endpont=http://x", "not endpont"),
        ("s3://bucket?endpoint=s3.example", "https:// or http://"),
        ("s3://bucket?addressing=host", "path or virtual"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_at_start(tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_env({"PORTAL_HOME": str(tmp_path), "PORTAL_FILES_URL": address})
    assert said in str(refused.value) and "PORTAL_FILES_URL" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_region_and_endpoint_come_from_the_usual_variables(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket.endpoint
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    store = BucketStore(replace(bucket, endpoint=None, prefix="usual/"), tmp_path)
    assert store.read(store.put(b"one")) == b"one"
    assert store._s3.meta.region_name == "cn-north-1"
