"""The store keeps content once, whole, under its own hash."""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path

import pytest

from portal.config import Config, ConfigError
from portal.files.store import ABANDONED_SECONDS, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files")


def test_content_lies_once_under_its_hash(store: Store) -> None:
    sha256 = store.put(b"one")
    assert sha256 == hashlib.sha256(b"one").hexdigest() == store.put(io.BytesIO(b"one"))
    assert store.path(sha256) == store.root / sha256[:2] / sha256[2:4] / sha256
    assert (store.read(sha256), store.size(sha256), list(store.all())) == (b"one", 3, [sha256])
    assert list((store.root / "tmp").iterdir()) == []


def test_changed_and_missing_content_is_noticed(store: Store) -> None:
    sha256 = store.put(b"one")
    assert store.verify(sha256)
    store.path(sha256).write_bytes(b"two")
    assert not store.verify(sha256)
    assert not store.verify("0" * 64)
    with pytest.raises(FileNotFoundError):
        store.open("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
def test_only_hashes_are_names(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path(name)


def test_what_dead_processes_left_is_swept_and_what_is_being_written_stays(store: Store) -> None:
    store.put(b"one")
    temporary = store.root / "tmp"
    old, fresh, folder = temporary / "old", temporary / "fresh", temporary / "upload-x"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    folder.mkdir()
    (folder / "source").write_bytes(b"half")
    past = time.time() - ABANDONED_SECONDS - 5
    os.utime(old, (past, past))
    os.utime(folder, (past, past))
    assert store.sweep() == 2
    assert list(temporary.iterdir()) == [fresh]


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    class Broken(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.put(Broken())  # type: ignore[arg-type]
    assert list((store.root / "tmp").iterdir()) == [] and list(store.all()) == []


def test_where_the_store_lies(tmp_path: Path) -> None:
    home = {"PORTAL_HOME": str(tmp_path)}
    assert Store.of(Config.from_env(home)).root == tmp_path / "files"
    for address in (f"file://{tmp_path}/shared", f"{tmp_path}/shared"):
        assert Store.of(Config.from_env(home | {"PORTAL_FILES_URL": address})).root == tmp_path / "shared"
    with pytest.raises(ConfigError, match="must be a folder"):
        Store.of(Config.from_env(home | {"PORTAL_FILES_URL": "s3://bucket"}))
