"""`portal doctor` names each missing piece and its cure."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from portal import doctor, sqlite, valkey, web
from portal.config import Config
from tests import s3
from tests.ops.conftest import wait_until


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


def test_our_own_web_server_is_told_from_another_program(config):
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.port))
        other.listen()
        with web.holding(config.home, config.port):
            (ours,) = look(config, "Address")
        with web.holding(config.home, config.port + 1):
            (strange,) = look(config, "Address")
    assert not ours.cure and f"the web server of this data folder listens on 127.0.0.1:{config.port}" in str(ours)
    assert "another program" in str(strange)


def test_a_web_server_that_runs_alone_is_recognised_until_it_is_killed(config, tmp_path):
    environ = {**os.environ, "PORTAL_HOME": str(config.home), "PORTAL_PORT": str(config.port)}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])

    def said():
        return look(config, "Address")[0].detail

    subprocess.run((sys.executable, "-m", "portal", "init"), env=environ, cwd=tmp_path, check=True, capture_output=True)
    web_alone = subprocess.Popen(
        (sys.executable, "-m", "portal", "web", "--workers", "1"), env=environ, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: "is free" not in said())
        assert "the web server of this data folder" in said()
    finally:
        web_alone.kill()
        web_alone.wait()
    wait_until(lambda: "is free" in said())


def test_the_files_are_tried_and_nothing_is_left(config):
    (finding,) = look(config, "Files")
    assert str(finding) == f"ok       Files: {config.home}/files takes, gives back and deletes"
    assert not (config.home / "files").exists()


def test_a_folder_for_files_that_cannot_be_written_is_fatal(config):
    (config.home / "files").write_bytes(b"")
    (finding,) = look(config, "Files")
    assert finding.is_fatal and "cannot be made" in finding.detail and "PORTAL_FILES_URL" in finding.cure


def test_a_bucket_is_tried_and_what_is_wrong_with_it_is_said(bucket, s3_server, tmp_path):
    def files(wanted):
        environ = {"PORTAL_HOME": str(tmp_path / "home"), "PORTAL_FILES_URL": s3.url(wanted)}
        return look(Config.from_env(environ), "Files")[0]

    assert files(bucket).detail == f"{bucket} takes, gives back and deletes"
    for broken, said in (
        (s3_server.missing_bucket(), "does not exist"),
        (replace(bucket, endpoint="http://127.0.0.1:9"), "does not answer"),
    ):
        finding = files(broken)
        assert finding.is_fatal and said in finding.detail and "AWS_*" in finding.cure
    with s3_server.locked():
        assert "refuses" in files(bucket).detail


@pytest.mark.parametrize("words", [("init",), ("web",), ("init", "--for-serve")])
def test_nothing_starts_without_a_place_for_files(words, bucket, s3_server, config, tmp_path):
    environ = {**os.environ, "PORTAL_HOME": str(config.home), "PORTAL_PORT": str(config.port)}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    for address, said in (
        (s3.url(s3_server.missing_bucket()), "does not exist; make it, or correct PORTAL_FILES_URL."),
        ("ftp://files.example", "PORTAL_FILES_URL must be a folder"),
    ):
        done = subprocess.run(
            (sys.executable, "-m", "portal", *words), env={**environ, "PORTAL_FILES_URL": address}, cwd=tmp_path,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1 and said in done.stderr
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("portal: ")


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
