"""A backup that was made can be put back, and one that was damaged touches nothing."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, insert, select

from portal import backup, sqlite, supervisor
from portal.config import Bucket, Config
from portal.files.store import Store, StoreError
from portal.models.attachment import StoredFile
from tests import databases, s3

ROOT = Path(__file__).parents[2]


PHOTO, PDF, STRAY = (hashlib.sha256(content).hexdigest() for content in (b"photo", b"form", b"stray"))


def config_for(home, files_url=""):
    return Config.from_env({"PORTAL_HOME": str(home), "PORTAL_FILES_URL": files_url})


def rows(home):
    with closing(sqlite.module().connect(str(home / "portal.sqlite3"))) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM customer ORDER BY id")]


def content_of(config):
    """What the store of a portal holds, every file read and proved."""
    store = Store.of(config)
    assert all(store.verify(kept.sha256) for kept in store.all())
    return [store.read(kept.sha256) for kept in store.all()]


def lose(config, sha256, server=None):
    """Content is gone from a store behind its back."""
    if isinstance(config.files, Bucket):
        server.remove(config.files, f"{sha256[:2]}/{sha256[2:4]}/{sha256}")
    else:
        Store.of(config).path(sha256).unlink()


@pytest.fixture(params=["home", "inside", "shared", "bucket"])
def files_url(request, tmp_path):
    """Every place that files can lie in."""
    if request.param == "bucket":
        return s3.url(request.getfixturevalue("bucket"))
    return {"home": "", "inside": f"{tmp_path}/home/photos", "shared": f"file://{tmp_path}/shared"}[request.param]


@pytest.fixture
def house(tmp_path):
    """A data folder with a database in use, files in the store and things not worth keeping."""
    return make_house(tmp_path / "home", "")


def make_house(home, files_url):
    config = config_for(home, files_url)
    with closing(sqlite.module().connect(str(home / "portal.sqlite3"))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO customer (name) VALUES (?)", [("张伟",), ("王芳",)])
        connection.commit()
        connection.execute("CREATE TABLE stored_file (id INTEGER PRIMARY KEY, sha256 TEXT, thumbnail_sha256 TEXT)")
        connection.execute("CREATE TABLE document (id INTEGER PRIMARY KEY, sha256 TEXT)")
        connection.executemany("INSERT INTO document (sha256) VALUES (?)", [(PDF,), (None,)])
        connection.execute("INSERT INTO stored_file (sha256, thumbnail_sha256) VALUES (?, ?)", (PHOTO, PHOTO))
        connection.commit()
        for content in (b"photo", b"form", b"stray"):
            Store.of(config).put(content)
        for name in ("notes/hints.txt", "run/web.pid", "valkey/appendonlydir/x.aof", "tmp/upload"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(name.encode())
    return config


def test_a_backup_comes_back_in_an_empty_folder(house, tmp_path):
    made = backup.create(house, tmp_path / "all.tar")
    target = config_for(tmp_path / "other")
    backup.restore(target, tmp_path / "all.tar", replace_data=False)
    assert rows(target.home) == ["张伟", "王芳"]
    assert (target.home / "notes/hints.txt").read_bytes() == b"notes/hints.txt"
    assert sorted(content_of(target)) == [b"form", b"photo", b"stray"]
    assert Config.from_env({"PORTAL_HOME": str(target.home)}).secret_key == house.secret_key
    names = {"database.sqlite3", "home/notes/hints.txt", "home/secret-key"}
    assert set(made.members) == names | {f"files/{sha256}" for sha256 in (PHOTO, PDF, STRAY)}
    assert made.missing == []
    assert made.size_bytes == (tmp_path / "all.tar").stat().st_size


@pytest.mark.parametrize("name", ["all.tar", "all.tar.gz", "all.tgz"])
def test_the_archive_is_for_its_owner_only_and_nothing_else_is_left(house, tmp_path, name):
    folder = tmp_path / "archives"
    backup.create(house, folder / name)
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).stat().st_mode & 0o077 == 0
    assert (folder / name).read_bytes()[:2] == b"\x1f\x8b" if name != "all.tar" else True


def test_data_that_is_there_is_not_overwritten_unless_told(house, tmp_path):
    backup.create(house, tmp_path / "all.tar")
    with pytest.raises(backup.BackupError, match="--replace"):
        backup.restore(house, tmp_path / "all.tar", replace_data=False)
    (house.home / "notes/hints.txt").write_bytes(b"newer")
    Store.of(house).put(b"newer")
    backup.restore(house, tmp_path / "all.tar", replace_data=True)
    assert (house.home / "notes/hints.txt").read_bytes() == b"notes/hints.txt"
    assert sorted(content_of(house)) == [b"form", b"photo", b"stray"]
    (aside,) = house.home.glob("before-*")
    assert (aside / "notes/hints.txt").read_bytes() == b"newer"
    assert sorted(content_of(config_for(aside))) == [b"form", b"newer", b"photo", b"stray"]
    assert rows(aside) == rows(house.home) == ["张伟", "王芳"]


@pytest.mark.parametrize("where", [600, 0.3, 0.6, -2000])
def test_one_wrong_byte_is_found_and_nothing_is_touched(house, tmp_path, where):
    archive = tmp_path / "all.tar"
    backup.create(house, archive)
    content = bytearray(archive.read_bytes())
    place = int(len(content) * where) if isinstance(where, float) else where
    content[place] ^= 0xFF
    archive.write_bytes(content)
    target = config_for(tmp_path / "other")
    try:
        report = backup.restore(target, archive, replace_data=False)
    except backup.BackupError:
        assert [path.name for path in target.home.iterdir() if path.name != "run"] == ["secret-key"]
    else:  # the byte was padding between two files, which belongs to nobody
        assert rows(target.home) == ["张伟", "王芳"]
        assert report.files == 6


def test_a_changed_row_inside_the_archive_is_found(house, tmp_path):
    archive = tmp_path / "all.tar"
    backup.create(house, archive)
    content = archive.read_bytes()
    archive.write_bytes(content.replace("张伟".encode(), "李伟".encode()))
    with pytest.raises(backup.BackupError, match="checksums do not fit"):
        backup.restore(config_for(tmp_path / "other"), archive, replace_data=False)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.9])
def test_an_archive_that_was_cut_off_is_refused(house, tmp_path, share):
    archive = tmp_path / "all.tar.gz"
    backup.create(house, archive)
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    with pytest.raises(backup.BackupError):
        backup.restore(config_for(tmp_path / "other"), archive, replace_data=False)


@pytest.mark.parametrize(
    "name",
    [
        "files/../evil",
        "files/evil",
        f"files/{'a' * 64}/evil",
        "../evil",
        "/etc/evil",
        "home/../../evil",
        "home/x/../../../evil",
        "evil",
    ],
)
def test_an_archive_of_somebody_else_reaches_nothing_outside(tmp_path, name):
    archive = tmp_path / "evil.tar"
    manifest = json.dumps({"format": 1, "created_at": "", "members": {}, "size_bytes": 0}).encode()
    with tarfile.open(archive, "w") as tar:
        for member, content in ((name, b"evil"), ("manifest.json", manifest)):
            facts = tarfile.TarInfo(member)
            facts.size = len(content)
            tar.addfile(facts, io.BytesIO(content))
    with pytest.raises(backup.BackupError, match="no backup of this portal holds"):
        backup.restore(config_for(tmp_path / "other"), archive, replace_data=False)
    assert not list(tmp_path.rglob("*evil"))


def test_the_files_come_back_wherever_they_lie(tmp_path, files_url):
    house = make_house(tmp_path / "home", files_url)
    made = backup.create(house, tmp_path / "all.tar.gz")
    assert sum(name.startswith("files/") for name in made.members) == 3
    assert not [name for name in made.members if name.startswith(("home/files", "home/photos"))]
    backup.restore(config_for(tmp_path / "other"), tmp_path / "all.tar.gz", replace_data=False)
    assert sorted(content_of(config_for(tmp_path / "other"))) == [b"form", b"photo", b"stray"]


def test_files_go_into_the_store_that_is_configured_now(tmp_path, files_url, request):
    backup.create(make_house(tmp_path / "old", ""), tmp_path / "all.tar")
    target = config_for(tmp_path / "home", files_url)
    backup.restore(target, tmp_path / "all.tar", replace_data=False)
    assert sorted(content_of(target)) == [b"form", b"photo", b"stray"]
    assert rows(target.home) == ["张伟", "王芳"]


def test_lost_and_changed_files_are_named_and_healed_by_restoring(tmp_path, files_url, request):
    server = request.getfixturevalue("s3_server") if files_url.startswith("s3") else None
    house = make_house(tmp_path / "home", files_url)
    backup.create(house, tmp_path / "whole.tar")
    lose(house, PHOTO, server)
    if server:
        server.overwrite(house.files, f"{PDF[:2]}/{PDF[2:4]}/{PDF}", b"changed")
    else:
        Store.of(house).path(PDF).write_bytes(b"changed")
    made = backup.create(house, tmp_path / "poor.tar")
    assert made.missing == sorted((PHOTO, PDF)) and f"files/{STRAY}" in made.members
    other = config_for(tmp_path / "other")
    assert backup.restore(other, tmp_path / "poor.tar", replace_data=False).missing == made.missing
    assert content_of(other) == [b"stray"]
    backup.restore(house, tmp_path / "whole.tar", replace_data=True)
    assert sorted(content_of(house)) == [b"form", b"photo", b"stray"]


@pytest.mark.parametrize("server", ["postgresql"] if databases.SERVER else [])
@pytest.mark.postgresql
def test_postgresql_and_its_files_come_back(server, tmp_path, bucket):
    with databases.postgresql_database(f"portal_backup_{os.getpid()}") as url:
        environ = {"PORTAL_HOME": str(tmp_path / "home"), "PORTAL_DATABASE_URL": url}
        config = Config.from_env(environ | {"PORTAL_FILES_URL": s3.url(bucket)})
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(
                insert(StoredFile),
                [
                    {"sha256": sha256, "size": 5, "mime": "image/jpeg", "created_at": datetime.now(UTC)}
                    for sha256 in (Store.of(config).put(b"photo"), STRAY)
                ],
            )
        made = backup.create(config, tmp_path / "all.tar")
        assert made.missing == [STRAY] and f"files/{PHOTO}" in made.members
        with engine.begin() as connection:
            connection.execute(delete(StoredFile))
        engine.dispose()
        target = Config.from_env(environ)
        assert backup.restore(target, tmp_path / "all.tar", replace_data=True).missing == [STRAY]
        assert content_of(target) == [b"photo"]
        with engine.connect() as connection:
            assert set(connection.scalars(select(StoredFile.sha256))) == {PHOTO, STRAY}
        engine.dispose()


def test_missing_files_fail_the_command_and_the_archive_is_there(house, tmp_path):
    lose(house, PHOTO)
    environ = {**os.environ, "PORTAL_HOME": str(house.home)}
    for words in (("backup", "all.tar"), ("restore", "all.tar", "--replace")):
        done = subprocess.run(
            (sys.executable, "-m", "portal", *words), env={**environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 1 and (tmp_path / "all.tar").exists()
        assert "everything but 1 files" in done.stderr and PHOTO in done.stderr and "Traceback" not in done.stderr


def test_a_store_that_fails_leaves_the_data_folder_as_it_was(house, tmp_path, bucket):
    backup.create(house, tmp_path / "all.tar")
    broken = config_for(house.home, s3.url(replace(bucket, endpoint="http://127.0.0.1:9")))
    with pytest.raises(StoreError, match="does not answer"):
        backup.create(broken, tmp_path / "second.tar")
    assert not (tmp_path / "second.tar").exists()
    with pytest.raises(StoreError, match="does not answer"):
        backup.restore(broken, tmp_path / "all.tar", replace_data=True)
    assert rows(house.home) == ["张伟", "王芳"] and not list(house.home.glob("before-*"))


def test_content_under_a_wrong_name_is_refused(house, tmp_path):
    archive = tmp_path / "evil.tar"
    name, content = f"files/{PHOTO}", b"something else"
    members = {name: hashlib.sha256(content).hexdigest()}
    manifest = json.dumps({"format": 1, "created_at": "", "members": members, "size_bytes": 0}).encode()
    with tarfile.open(archive, "w") as tar:
        for member, data in ((name, content), ("manifest.json", manifest)):
            facts = tarfile.TarInfo(member)
            facts.size = len(data)
            tar.addfile(facts, io.BytesIO(data))
    with pytest.raises(backup.BackupError, match="checksums do not fit"):
        backup.restore(config_for(tmp_path / "other"), archive, replace_data=False)


def test_a_link_in_an_archive_is_refused(tmp_path):
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        facts = tarfile.TarInfo("home/link")
        facts.type, facts.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(facts)
    with pytest.raises(backup.BackupError, match="no backup of this portal holds"):
        backup.restore(config_for(tmp_path / "other"), archive, replace_data=False)


def test_nothing_is_restored_under_a_portal_that_serves(house, tmp_path):
    backup.create(house, tmp_path / "all.tar")
    with (
        supervisor.exclusive(house.home),
        pytest.raises(supervisor.ServeError, match="already serves"),
    ):
        backup.restore(house, tmp_path / "all.tar", replace_data=True)


def test_a_damaged_database_is_not_called_a_backup(house, tmp_path):
    with closing(sqlite.module().connect(str(house.home / "portal.sqlite3"))) as connection:
        connection.executescript(
            "PRAGMA foreign_keys=OFF; CREATE TABLE project (customer_id REFERENCES customer(id));"
            "INSERT INTO project VALUES (99);"
        )
    with pytest.raises(backup.BackupError, match="damaged"):
        backup.create(house, tmp_path / "all.tar")
    assert not list(tmp_path.glob("*.tar*"))


def test_no_database_is_said_plainly(tmp_path):
    with pytest.raises(backup.BackupError, match="portal init"):
        backup.create(config_for(tmp_path / "empty"), tmp_path / "all.tar")
