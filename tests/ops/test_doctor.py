"""`portal doctor` names each missing piece and its cure."""

import socket

import pytest

from portal import doctor, sqlite, valkey
from portal.config import Config


@pytest.fixture
def config(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Config.from_env({"PORTAL_HOME": str(tmp_path / "home"), "PORTAL_PORT": str(port)})


def look(config, name):
    return [finding for finding in doctor.examine(config) if finding.name == name]


def test_a_fresh_machine_is_told_to_create_the_database_and_nothing_is_fatal(config):
    findings = list(doctor.examine(config))
    assert {finding.name for finding in findings} >= {"Python", "SQLite", "Fonts", "Data folder", "Queue", "Address"}
    assert not [str(finding) for finding in findings if finding.is_fatal]
    (database,) = look(config, "Database")
    assert "portal init" in database.cure


def test_an_old_sqlite_is_fatal(config, monkeypatch):
    monkeypatch.setattr(sqlite, "OLDEST", (99, 0, 0))
    (finding,) = look(config, "SQLite")
    assert finding.is_fatal and "./run" in finding.cure


def test_missing_pdf_libraries_are_a_warning_with_the_command(config, monkeypatch):
    monkeypatch.setattr(doctor.bootstrap, "missing_pdf_libraries", lambda: ["libharfbuzz-subset.so.0"])
    monkeypatch.setattr(doctor.bootstrap, "package_manager", lambda: "apt-get")
    (finding,) = look(config, "PDF libraries")
    assert not finding.is_fatal
    assert finding.cure.endswith("libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0")


def test_a_network_disk_is_refused_for_sqlite(config, monkeypatch):
    monkeypatch.setattr(doctor, "_file_system", lambda _path: "nfs4")
    (finding,) = look(config, "Disk")
    assert finding.is_fatal and "PORTAL_HOME" in finding.cure


def test_a_full_disk_is_a_warning(config, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 62)
    (finding,) = look(config, "Free space")
    assert finding.cure and not finding.is_fatal


def test_a_taken_port_is_named(config):
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.port))
        other.listen()
        (finding,) = look(config, "Address")
    assert f"another program listens on 127.0.0.1:{config.port}" in str(finding)
    assert "is free" in str(look(config, "Address")[0])


def test_the_embedded_queue_says_whether_it_runs(config):
    assert "not running now" in str(look(config, "Queue")[0])
    with valkey.running(config.home):
        assert "answers" in str(look(config, "Queue")[0])


def test_a_redis_that_does_not_answer_is_named_with_its_cure(tmp_path):
    environ = {"PORTAL_HOME": str(tmp_path), "PORTAL_REDIS_URL": "redis://127.0.0.1:1/0"}
    (finding,) = look(Config.from_env(environ), "Queue")
    assert "PORTAL_REDIS_URL" in finding.cure


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(config, monkeypatch):
    def _queue(_config):
        raise OSError("the disk is on fire")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (_queue, *doctor.CHECKS))
    findings = list(doctor.examine(config))
    assert "the disk is on fire" in str(findings[0]) and findings[0].is_fatal
    assert len(findings) > 5


def test_each_cure_stands_below_its_finding():
    text = str(doctor.Finding("Fonts", "none", "fetch the checkout again"))
    assert text == "warning  Fonts: none\n         Cure: fetch the checkout again"
