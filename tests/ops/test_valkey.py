"""The embedded Valkey: keeps what it was told, is alone in its folder, and ends with the portal."""

import os
import signal
import stat
import subprocess
import sys
import time

import pytest
import redis

from portal import valkey


def wait_until(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_it_keeps_its_data_over_a_kill(tmp_path):
    process = valkey.start(tmp_path)
    wait_until(lambda: valkey.ping(tmp_path))
    redis.Redis.from_url(valkey.url(tmp_path)).set("wake", 17)
    time.sleep(0.1)
    process.kill()
    process.wait()
    with valkey.running(tmp_path) as url:
        assert redis.Redis.from_url(url).get("wake") == b"17"


def test_it_never_evicts_and_listens_on_no_port(tmp_path):
    with valkey.running(tmp_path) as url:
        server = redis.Redis.from_url(url)
        settings = server.config_get("port", "maxmemory-policy", "appendonly")
        assert settings == {"port": "0", "maxmemory-policy": "noeviction", "appendonly": "yes"}
        mode = stat.S_IMODE(valkey.socket_path(tmp_path).stat().st_mode)
        assert mode == 0o700


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with valkey.running(tmp_path) as url:
        with pytest.raises(valkey.ValkeyError, match="Another Valkey still runs"):
            valkey.start(tmp_path, patience_seconds=0.2)
        assert redis.Redis.from_url(url).ping()


def test_a_second_server_may_start_when_the_first_has_ended(tmp_path):
    for _round in range(2):
        with valkey.running(tmp_path):
            assert valkey.ping(tmp_path)
    assert not valkey.ping(tmp_path)


def test_a_long_folder_name_gets_a_short_socket_of_its_own(tmp_path):
    homes = [tmp_path / ("长" * 40) / name for name in ("a", "b")]
    for home in homes:
        home.mkdir(parents=True)
    one, other = map(valkey.socket_path, homes)
    assert one != other
    assert one == valkey.socket_path(homes[0])
    assert len(os.fsencode(one)) <= valkey.LONGEST_SOCKET_PATH
    with valkey.running(homes[0]) as url:
        assert redis.Redis.from_url(url).ping()
    one.parent.rmdir()
    other.parent.rmdir()


def test_a_short_socket_in_a_folder_that_others_may_enter_is_refused(tmp_path):
    home = tmp_path / ("长" * 40)
    home.mkdir()
    place = valkey.socket_path(home).parent
    place.chmod(0o755)
    try:
        with pytest.raises(valkey.ValkeyError, match="does not belong to us alone"):
            valkey.socket_path(home)
    finally:
        place.rmdir()


def test_a_folder_name_with_signs_of_an_address_is_reached(tmp_path):
    home = tmp_path / "data #1 50%?"
    home.mkdir()
    with valkey.running(home) as url:
        assert redis.Redis.from_url(url).ping()


def test_damaged_files_are_set_aside_and_it_starts_empty(tmp_path):
    with valkey.running(tmp_path) as url:
        redis.Redis.from_url(url).set("a", 1)
    for path in (valkey.folder(tmp_path) / "appendonlydir").glob("*.incr.aof"):
        path.write_bytes(b"this is no append-only file\r\n" * 20)
    with pytest.raises(valkey.ValkeyError, match="does not answer"), valkey.running(tmp_path):
        pass
    assert valkey.set_aside_damage(tmp_path) == valkey.folder(tmp_path) / "appendonlydir.damaged"
    assert valkey.set_aside_damage(tmp_path) is None
    with valkey.running(tmp_path) as url:
        assert redis.Redis.from_url(url).get("a") is None


# Elsewhere nothing can be promised here: there the next start ends what is left, which tests/ops/test_serve.py checks.
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends children with their parent on Linux only")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(tmp_path, how):
    program = (
        "import subprocess, sys, time; from pathlib import Path; from portal import valkey\n"
        "print(valkey.start(Path(sys.argv[1]), output=subprocess.DEVNULL).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout
    assert int(parent.stdout.readline())
    wait_until(lambda: valkey.ping(tmp_path))
    parent.send_signal(how)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not valkey.ping(tmp_path))
