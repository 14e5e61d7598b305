"""A backup that was made can be put back, and one that was damaged touches nothing."""

import io
import json
import tarfile
from contextlib import closing

import pytest

from portal import backup, sqlite, supervisor
from portal.config import Config


def config_for(home):
    return Config.from_env({"PORTAL_HOME": str(home)})


def rows(home):
    with closing(sqlite.module().connect(str(home / "portal.sqlite3"))) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM customer ORDER BY id")]


@pytest.fixture
def house(tmp_path):
    """A data folder with a database in use, a file of the store and things not worth keeping."""
    home = tmp_path / "home"
    config = config_for(home)
    with closing(sqlite.module().connect(str(home / "portal.sqlite3"))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO customer (name) VALUES (?)", [("张伟",), ("王芳",)])
        connection.commit()
        for name in ("files/ab/abcdef", "run/web.pid", "valkey/appendonlydir/x.aof", "tmp/upload"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(name.encode())
        yield config


def test_a_backup_comes_back_in_an_empty_folder(house, tmp_path):
    made = backup.create(house, tmp_path / "all.tar")
    target = config_for(tmp_path / "other")
    backup.restore(target, tmp_path / "all.tar", replace_data=False)
    assert rows(target.home) == ["张伟", "王芳"]
    assert (target.home / "files/ab/abcdef").read_bytes() == b"files/ab/abcdef"
    assert Config.from_env({"PORTAL_HOME": str(target.home)}).secret_key == house.secret_key
    assert set(made.members) == {"database.sqlite3", "home/files/ab/abcdef", "home/secret-key"}
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
    (house.home / "files/ab/abcdef").write_bytes(b"newer")
    backup.restore(house, tmp_path / "all.tar", replace_data=True)
    assert (house.home / "files/ab/abcdef").read_bytes() == b"files/ab/abcdef"
    (aside,) = house.home.glob("before-*")
    assert (aside / "files/ab/abcdef").read_bytes() == b"newer"
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
        assert report.files == 3


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


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "home/../../evil", "home/x/../../../evil", "evil"])
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
