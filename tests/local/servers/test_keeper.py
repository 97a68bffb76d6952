"""Keeper: the servers run as long as a process holds them, whichever process dies."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from local.servers.hold import Held, hold
from local.servers.processes import is_alive
from local.servers.state_files import read_keeper
from tests.local.processes import eventually

Holder = Callable[[Path], "subprocess.Popen[str]"]


def _pids(directory: Path) -> list[int]:
    keeper = read_keeper(directory)
    assert keeper
    assert None not in (keeper.postgres, keeper.valkey)
    return [keeper.pid, keeper.postgres, keeper.valkey]


def _written(held: Held) -> None:
    with psycopg.connect(held.owner_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(held.redis_url()) as client:
        client.set("kept", "42")


def _read(held: Held) -> tuple[int, bytes]:
    with psycopg.connect(held.owner_url()) as connection, redis.Redis.from_url(held.redis_url()) as client:
        return connection.execute("SELECT answer FROM kept").fetchone()[0], client.get("kept")


def test_the_servers_stop_in_order_when_the_last_holder_releases_them(
    directory: Path, start_holder: Holder
) -> None:
    first, second = start_holder(directory), start_holder(directory)
    assert (first.stdout.readline(), second.stdout.readline()) == ("held\n", "held\n")
    pids = _pids(directory)

    first.communicate("")
    assert all(map(is_alive, pids)), "one holder remains"
    second.communicate("")
    assert not any(map(is_alive, pids)), "release returns only when all processes have ended"
    assert "database system is shut down" in (directory / "postgres.log").read_text()


def test_a_killed_holder_releases_the_servers(directory: Path, start_holder: Holder) -> None:
    holder = start_holder(directory)
    holder.stdout.readline()
    pids = _pids(directory)
    holder.kill()
    eventually(lambda: not any(map(is_alive, pids)))


def test_a_child_of_a_holder_does_not_hold_the_servers(directory: Path) -> None:
    held = hold(directory, fast=True)
    pids = _pids(directory)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        held.release()
        assert not any(map(is_alive, pids))
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_restarts_with_its_data_and_address(held: Held, server: str) -> None:
    _written(held)
    killed = held.pid(server)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: held.pid(server) not in (None, killed))
    assert _read(held) == (42, b"42")


def test_a_stopped_server_stays_stopped_until_it_is_started(held: Held) -> None:
    address = held.owner_url()
    held.stop("postgres")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
    held.start("postgres")
    psycopg.connect(address).close()


def test_a_new_keeper_takes_over_after_the_keeper_is_killed(held: Held) -> None:
    _written(held)
    keeper, *servers = _pids(held.directory)
    os.kill(keeper, signal.SIGKILL)
    eventually(lambda: not any(map(is_alive, servers)))
    assert held.lost_keeper()

    with hold(held.directory, fast=True) as successor:
        assert successor.owner_url() == held.owner_url()
        assert _read(successor) == (42, b"42")


def test_processes_that_start_at_once_share_one_keeper(directory: Path, start_holder: Holder) -> None:
    holders = [start_holder(directory) for _ in range(5)]
    assert [holder.stdout.readline() for holder in holders] == ["held\n"] * 5
    keeper, *_ = _pids(directory)
    assert len({read_keeper(directory).pid, keeper}) == 1
    for holder in holders:
        holder.communicate("")
    assert not is_alive(keeper)


def test_the_servers_start_after_a_power_failure(directory: Path, start_holder: Holder) -> None:
    holder = start_holder(directory)
    holder.stdout.readline()
    with hold(directory, fast=True) as held:
        _written(held)
    pids, data = _pids(directory), Path(read_keeper(directory).data)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    holder.kill()
    eventually(lambda: not any(map(is_alive, pids)))
    # The process id in the remaining pid file now belongs to another process: this test.
    pid_file = data / "postgres18" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with hold(directory, fast=True) as held:
        assert _read(held) == (42, b"42")


def test_lost_passwords_are_created_again(directory: Path) -> None:
    with hold(directory) as held:
        _written(held)
    (directory / "servers.json").unlink()
    with hold(directory) as held:
        assert _read(held) == (42, b"42")


def test_two_directories_run_independently(held: Held, stack: Held) -> None:
    urls = [held.owner_url(), stack.owner_url(), held.redis_url(), stack.redis_url()]
    ports = [url.rpartition("@")[2].split("/")[0] for url in urls]
    assert len(set(ports)) == 4
    _written(held)
    assert _read(held) == (42, b"42")
