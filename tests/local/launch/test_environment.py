"""Environment variables of the services, with and without variables set by the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.launch import environment
from local.launch.stack import Stack
from local.servers.binaries import LocalError

SIMULATED = Stack("postgresql://a", "redis://b", "http://c", "ws://c", -5, True, "secret")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MASSIVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_service_of_a_simulated_stack_gets_all_variables() -> None:
    variables = environment.of(SIMULATED, "worker", "warehouse_writer")
    assert {name: variables[name] for name in variables if name in SIMULATED_VARIABLES} == SIMULATED_VARIABLES


SIMULATED_VARIABLES = {
    "DATABASE_URL": "postgresql://a",
    "REDIS_URL": "redis://b",
    "SECRET_KEY": "secret",
    "CLOCK_OFFSET_MS": "-5",
    "SIMULATED": "true",
    "MASSIVE_API_KEY": "simulated",
    "MASSIVE_BASE_URL": "http://c",
    "MASSIVE_STREAM_URL": "ws://c",
    "DATABASE_ROLE": "warehouse_writer",
    "PROCESS_NAME": "worker",
}


def test_a_name_file_of_the_operator_does_not_override_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/elsewhere")
    assert "DATABASE_URL_FILE" not in environment.of(SIMULATED, "worker", "")


def test_the_operators_own_servers_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert environment.own_servers() is None
    (tmp_path / "url").write_text("postgresql://own/warehouse\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("REDIS_URL", "redis://own")
    assert environment.own_servers() == ("postgresql://own/warehouse", "redis://own")


def test_one_server_without_the_other_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://own")
    with pytest.raises(LocalError, match=r"^Set both DATABASE_URL and REDIS_URL"):
        environment.own_servers()


def test_the_secret_key_of_a_clone_stays_the_same_and_private(tmp_path: Path) -> None:
    key = environment.secret_key(tmp_path)
    assert len(key) >= 50
    assert environment.secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_admin_password_is_stored_once_for_the_owner_only(tmp_path: Path) -> None:
    first = environment.admin_password(tmp_path)
    assert len(first) == 20
    assert environment.admin_password(tmp_path) == first
    assert (tmp_path / "admin_password").stat().st_mode & 0o777 == 0o600
