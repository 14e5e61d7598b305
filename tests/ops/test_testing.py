"""`./run test` says plainly what it could not run, and fails where it was told that it must."""

from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from portal import bootstrap, testing


@pytest.fixture
def bare_machine(monkeypatch):
    """A machine without servers, where nothing can be installed."""
    for need in testing.NEEDS:
        monkeypatch.delenv(need.variable, raising=False)
    monkeypatch.delenv("PORTAL_TEST_INSTALL", raising=False)
    monkeypatch.setattr(testing.shutil, "which", lambda _name: None)
    monkeypatch.setattr(testing.os.path, "exists", lambda _path: False)
    monkeypatch.setattr(bootstrap, "package_manager", lambda: "apt-get")
    asked = []
    monkeypatch.setattr(bootstrap, "install_packages", lambda packages: asked.append(packages) and False)
    return asked


def browser():
    return next(need for need in testing.NEEDS if need.marker == "browser")


def tally(**passed):
    counted = testing.Tally()
    counted.passed.update(passed)
    return counted


def test_what_is_missing_is_installed_or_named_with_the_command(bare_machine, tmp_path):
    with ExitStack() as stack:
        reason = testing.provide(browser(), tmp_path, stack)
    assert bare_machine == [browser().packages]
    assert reason.startswith("Chromium is not installed (")
    assert "apt-get install -y --no-install-recommends chromium" in reason


def test_the_machine_is_left_alone_when_asked(bare_machine, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_TEST_INSTALL", "no")
    with ExitStack() as stack:
        assert testing.provide(browser(), tmp_path, stack)
    assert bare_machine == []


def test_an_address_that_is_given_is_used_as_it_is(bare_machine, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_TEST_CHROMIUM", "/somewhere/chromium")
    with ExitStack() as stack:
        assert testing.provide(browser(), tmp_path, stack) is None
    assert testing.os.environ["PORTAL_TEST_CHROMIUM"] == "/somewhere/chromium"


def test_a_server_that_does_not_start_is_a_reason_not_a_crash(bare_machine, tmp_path):
    need = next(need for need in testing.NEEDS if need.marker == "redis")
    broken = replace(need, find=lambda: "/bin/false")
    with ExitStack() as stack:
        reason = testing.provide(broken, tmp_path, stack)
    assert reason.startswith("Redis does not run here: false does not start")


def test_the_closing_paragraph_names_what_was_left_out_and_why(capsys):
    left_out = {"browser": "Chromium is not installed"}
    status = testing._close(0, set(), left_out, tally(postgresql=12, redis=3, pdf=4), whole=True)
    said = capsys.readouterr().out
    assert status == 0
    assert "NOT run: the tests that need the browser, because Chromium is not installed." in said
    assert "With PostgreSQL: 12 passed." in said
    assert said.count("\n") == 2


@pytest.mark.parametrize(
    ("left_out", "passed"),
    [({"postgresql": "PostgreSQL is not installed"}, {}), ({}, {}), ({}, {"redis": 9})],
)
def test_what_is_required_must_have_been_exercised(capsys, left_out, passed):
    assert testing._close(0, {"postgresql"}, left_out, tally(**passed), whole=True) == 1
    assert "asks for postgresql" in capsys.readouterr().out


def test_what_is_required_and_passed_is_well(capsys):
    assert testing._close(0, {"postgresql", "pdf"}, {}, tally(postgresql=1, pdf=1), whole=True) == 0
    assert "PORTAL_TEST_REQUIRE" not in capsys.readouterr().out


def test_a_requirement_that_nobody_knows_fails(capsys):
    assert testing._close(0, {"postgres"}, {}, tally(postgresql=1), whole=True) == 1


def test_failed_tests_stay_failed(capsys):
    assert testing._close(1, {"redis"}, {}, tally(redis=1), whole=True) == 1
    assert "The tests failed." in capsys.readouterr().out


def test_only_tests_that_passed_count_as_exercised_and_failures_are_named(capsys):
    counted = testing.Tally()
    for when, passed in (("setup", True), ("call", False), ("call", True)):
        report = SimpleNamespace(when=when, passed=passed, failed=not passed, keywords={"redis": 1}, nodeid="test_x")
        counted.pytest_runtest_logreport(report)
    assert counted.passed == {"redis": 1}
    assert capsys.readouterr().out == "\nFAILED test_x\n"


@pytest.mark.parametrize(
    ("limit", "expected"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", None), ("", None)]
)
def test_a_container_has_as_many_processors_as_it_may_use(monkeypatch, tmp_path, limit, expected):
    path = tmp_path / "cpu.max"
    path.write_text(limit)
    monkeypatch.setattr(testing, "CPU_LIMIT", path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    assert testing.cores() == (expected or 8)
