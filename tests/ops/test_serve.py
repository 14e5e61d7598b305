"""`portal serve` with everything real: it answers, brings back what dies, stops cleanly and is alone on its folder."""

import os
import signal

import pytest

from tests.ops.conftest import NAMES, is_running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.faults]


def test_what_is_killed_comes_back_and_the_portal_goes_on_answering(portal):
    house = portal().start()
    for name in NAMES:
        before = house.pid(name)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda name=name, before=before: house.pid(name) not in (None, before), what=house.text)
        wait_until(house.answers)
        assert house.said(f"{name} was killed by signal 9")
    assert house.stop() == 0


def test_sigterm_stops_workers_first_and_valkey_last_and_leaves_nothing(portal):
    house = portal().start()
    pids = [house.pid(name) for name in NAMES]
    assert house.stop() == 0
    assert not any(map(is_running, pids))
    assert not list((house.home / "run").glob("*.pid"))
    assert house.said("stopped")
    assert "does not stop; killing it" not in house.text
    assert not house.answers()
    house.start()
    assert house.answers()
    assert house.stop(signal.SIGINT) == 0


def test_a_second_start_on_the_same_folder_is_refused(portal):
    house, second = portal().start(), portal()
    refusal = second.command("serve")
    assert refusal.returncode == 1
    assert refusal.stderr.startswith("portal: A portal already serves ")
    assert str(house.process.pid) in refusal.stderr
    assert refusal.stderr.count("\n") == 1
    assert house.answers()
    assert house.stop() == 0


def test_a_port_in_use_is_refused_by_name(portal):
    house, other = portal().start(), portal("other")
    other.environ["PORTAL_PORT"] = str(house.port)
    refusal = other.command("serve")
    assert refusal.returncode == 1
    assert f"127.0.0.1:{house.port} cannot be used" in refusal.stderr
    assert house.stop() == 0


def test_killing_the_supervisor_ends_everything_and_the_next_start_works(portal):
    house = portal().start()
    pids = [house.pid(name) for name in NAMES]
    house.process.kill()
    house.process.wait()
    wait_until(lambda: not any(map(is_running, pids)), what="children outlived the supervisor")
    house.start()
    assert house.answers()
    assert house.stop() == 0


def test_a_long_and_chinese_folder_name_serves(portal):
    house = portal("数据" * 20 + "/客服 门户", is_new=True).start()
    assert house.answers()
    assert house.stop() == 0


def test_the_demo_is_refused_on_a_public_address(portal):
    house = portal(PORTAL_ENV="demo", PORTAL_HOST="0.0.0.0")
    refusal = house.command("serve")
    assert refusal.returncode == 1
    assert "is not served on 0.0.0.0" in refusal.stderr + refusal.stdout


def test_valkey_that_refuses_its_file_starts_empty(portal):
    house = portal().start()
    assert house.stop() == 0
    (damaged,) = (house.home / "valkey" / "appendonlydir").glob("*.incr.aof")
    damaged.write_bytes(b"this is no append-only file\r\n" * 20)
    house.start()
    wait_until(lambda: house.said("it starts empty"))
    wait_until(lambda: house.pid("valkey"))
    assert house.stop() == 0
