"""`./run` on machines that have less than this one. Nothing is installed here: the programs are stand-ins."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import bootstrap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with lock files and no environment."""
    for name, place in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "PYTHON": tmp_path / ".venv" / "bin" / "python",
        "RUNTIME": tmp_path / "requirements.lock",
        "DEVELOPMENT": tmp_path / "requirements-dev.lock",
    }.items():
        monkeypatch.setattr(bootstrap, name, place)
    bootstrap.RUNTIME.write_text("")
    bootstrap.DEVELOPMENT.write_text("# more\n")
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """The programs that would have been started; each succeeds."""
    made = []

    def run(words, **_options):
        made.append([str(word) for word in words])
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return made


def programs(monkeypatch, *names):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/bin/{name}" if name in names else None)


def test_an_installed_lock_file_is_not_installed_again(checkout, calls):
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    checksum = hashlib.sha256(bootstrap.RUNTIME.read_bytes()).hexdigest()
    (bootstrap.VENV / "installed-requirements.lock").write_text(checksum)
    bootstrap.ensure_requirements(bootstrap.RUNTIME)
    assert calls == []


def test_a_changed_lock_file_is_installed_with_checksums(checkout, calls):
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    (bootstrap.VENV / "installed-requirements.lock").write_text("older")
    bootstrap.ensure_requirements(bootstrap.RUNTIME)
    install = calls[-1]
    assert "--require-hashes" in install and "--only-binary=:all:" in install
    assert install[-1] == str(bootstrap.RUNTIME)
    calls.clear()
    bootstrap.ensure_requirements(bootstrap.RUNTIME)
    assert calls == []


def test_what_the_tests_need_contains_what_serving_needs(checkout, calls):
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    bootstrap.ensure_requirements(bootstrap.DEVELOPMENT)
    calls.clear()
    bootstrap.ensure_requirements(bootstrap.RUNTIME)
    assert calls == []


def test_a_failed_installation_is_tried_again_next_time(checkout, monkeypatch):
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    monkeypatch.setattr(bootstrap, "pip", lambda: ["false"])
    with pytest.raises(bootstrap.SetupError, match=r"requirements\.lock could not be installed"):
        bootstrap.ensure_requirements(bootstrap.RUNTIME)
    assert not (bootstrap.VENV / "installed-requirements.lock").exists()


def test_without_any_pip_one_line_names_the_package(checkout, monkeypatch):
    monkeypatch.setattr(bootstrap, "find_spec", lambda _name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(subprocess, "run", lambda words, **_options: subprocess.CompletedProcess(words, 1))
    programs(monkeypatch, "apt-get")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(bootstrap.SetupError, match=f"sudo apt-get install -y --no-install-recommends {version}"):
        bootstrap.make_environment()


@pytest.mark.parametrize(
    ("user", "there", "starts"),
    [
        (0, ("apt-get",), ["apt-get", "install", "-y", "--no-install-recommends", "libpango-1.0-0"]),
        (1000, ("apt-get", "sudo"), ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install"]),
        (0, ("dnf",), ["dnf", "install", "-y", "pango", "harfbuzz"]),
        (501, ("brew",), ["brew", "install", "pango"]),
    ],
)
def test_libraries_are_installed_where_we_may(calls, monkeypatch, user, there, starts):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    programs(monkeypatch, *there)
    assert bootstrap.install_packages(bootstrap.PDF_PACKAGES)
    last = [word for word in calls[-1] if not (user == 0 and word in ("env", "DEBIAN_FRONTEND=noninteractive"))]
    assert last[: len(starts)] == starts


@pytest.mark.parametrize(("user", "there"), [(1000, ("apt-get",)), (0, ()), (1000, ("pacman",))])
def test_where_we_may_not_nothing_is_tried(calls, monkeypatch, user, there):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    programs(monkeypatch, *there)
    assert not bootstrap.install_packages(bootstrap.PDF_PACKAGES)
    assert calls == []


def test_missing_libraries_are_tried_once_and_said_every_time(checkout, calls, monkeypatch, capsys):
    bootstrap.VENV.mkdir()
    monkeypatch.setattr(bootstrap, "missing_pdf_libraries", lambda: ["libharfbuzz-subset.so.0"])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs(monkeypatch, "apt-get")
    for _start in range(2):
        bootstrap.ensure_pdf_libraries()
        said = capsys.readouterr().err
        assert "libharfbuzz-subset.so.0 is missing" in said
        assert "apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in said
    assert len([words for words in calls if "install" in words]) == 1


def test_alone_it_means_the_demo_and_a_command_does_not(monkeypatch):
    monkeypatch.delenv("PORTAL_ENV", raising=False)
    monkeypatch.delenv("PORTAL_HOME", raising=False)
    assert bootstrap.child_environment([])["PORTAL_ENV"] == "demo"
    assert "PORTAL_ENV" not in bootstrap.child_environment(["backup", "x"])
    assert bootstrap.child_environment([])["PORTAL_HOME"] == str(bootstrap.ROOT / "var")
    monkeypatch.setenv("PORTAL_HOME", "/srv/portal")
    assert bootstrap.child_environment([])["PORTAL_HOME"] == "/srv/portal"


def test_without_python_one_line_says_so(tmp_path):
    copy = tmp_path / "run"
    copy.write_bytes((ROOT / "run").read_bytes())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "dirname").symlink_to("/usr/bin/dirname")
    done = subprocess.run(
        ("/bin/sh", copy), env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert done.stderr.startswith("run: Python 3.11 or newer is missing")
    assert done.stderr.count("\n") == 1


def test_a_command_runs_from_any_folder_even_beside_misleading_files(tmp_path):
    (tmp_path / "queue.py").write_text("raise SystemExit('the wrong queue')")
    (tmp_path / "click.py").write_text("raise SystemExit('the wrong click')")
    environ = bootstrap.child_environment(["--version"])
    done = subprocess.run(
        (sys.executable, "-m", "portal", "--version"), cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "portal")
