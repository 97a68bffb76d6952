"""The embedded servers as seen by their clients."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import psycopg
import pytest
import redis

from local.servers.binaries import LocalError
from local.servers.hold import Held, hold
from local.servers.state_files import read_keeper

pytestmark = pytest.mark.database


def test_the_owner_of_the_warehouse_is_not_a_superuser(stack: Held) -> None:
    with psycopg.connect(stack.owner_url()) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owner = connection.execute(
            "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'warehouse'"
        ).fetchone()
    assert row == ("warehouse_owner", False, True, True)
    assert owner == ("warehouse_owner",)


def test_postgres_listens_only_on_loopback_and_requires_passwords(stack: Held) -> None:
    with psycopg.connect(stack.superuser_url()) as connection:
        settings = dict(
            connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name IN"
                " ('listen_addresses', 'unix_socket_directories', 'password_encryption', 'jit')"
            ).fetchall()
        )
        methods = connection.execute(
            "SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE error IS NULL"
        ).fetchall()
    assert settings == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "jit": "off",
    }
    assert methods == [("scram-sha-256",)]


def test_postgres_plans_statements_about_all_partitions_quickly(stack: Held) -> None:
    """It keeps their files open, and compares no statement with their CHECK constraints."""
    with psycopg.connect(stack.owner_url()) as connection:
        settings = connection.execute(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('max_files_per_process', 'constraint_exclusion') ORDER BY name"
        ).fetchall()
    assert settings == [("constraint_exclusion", "off"), ("max_files_per_process", "4000")]


def test_both_servers_reject_a_wrong_password(stack: Held) -> None:
    password = stack.owner_url().split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stack.owner_url().replace(password, "guess"))
    password = stack.redis_url().split(":")[2].split("@")[0]
    client = redis.Redis.from_url(stack.redis_url().replace(password, "guess"))
    with pytest.raises(redis.AuthenticationError):
        client.ping()


def test_valkey_persists_writes_and_rejects_writes_beyond_its_memory(redis_client: redis.Redis) -> None:
    settings = redis_client.config_get("appendonly", "maxmemory-policy", "tcp-keepalive", "maxmemory", "bind")
    assert settings == {
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "tcp-keepalive": "60",
        "maxmemory": str(1024**3),
        "bind": "127.0.0.1",
    }


def test_passwords_and_data_are_readable_by_their_owner_only(stack: Held) -> None:
    data = Path(read_keeper(stack.directory).data)
    assert stat.S_IMODE((stack.directory / "servers.json").stat().st_mode) == 0o600
    for name in (f"postgres{os.environ.get('POSTGRES_MAJOR', '18')}", "valkey"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o700


def test_joining_servers_of_another_postgres_version_raises(held: Held) -> None:
    with pytest.raises(LocalError, match="is in use with a PostgreSQL version other than 17"):
        hold(held.directory, postgres_major=17)
