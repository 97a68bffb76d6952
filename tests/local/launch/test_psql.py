"""`make psql`: a reader's session in the running warehouse, with the embedded psql where no newer one is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from local.launch import psql
from local.launch.stack import LOCK, Stack, describe
from local.servers.binaries import LocalError, postgres_home
from local.servers.hold import ROOT
from local.servers.locks import FileLock
from tests.partitions import drop_partitions
from tests.roles import run
from tests.warehouse.rows import HOUR_MS, add_trade, ago
from warehouse.watchlist import add_default_symbols

EMBEDDED = str(postgres_home(18) / "bin" / "psql")
STACK = Stack("postgresql://stack", "redis://b", "http://c", "ws://c", -1, True, "secret")
OFFSET = "SELECT warehouse_now_ms() - floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint"


@pytest.fixture
def url(transactional_db, stack) -> str:
    """The URL of the owner of the test's database."""
    return stack.owner_url(connection.settings_dict["NAME"])


@pytest.fixture
def answer(url, tmp_path) -> Callable[..., str]:
    """Runs one statement with the embedded psql and returns what it prints, values alone."""

    def ask(sql: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "local.launch.psql", "--tuples-only", "--no-align", *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            # No psql is found on the PATH, and the process has no setting of a clock.
            env={"DATABASE_URL": url, "SQL": sql, "PATH": str(tmp_path)},
        )
        assert done.stderr == ""
        assert done.returncode == 0
        return done.stdout.rstrip("\n")

    return ask


@pytest.fixture
def install(tmp_path, monkeypatch) -> Callable[[str], str]:
    """Makes a program named psql that tells a version the only one on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(version: str) -> str:
        program = tmp_path / "psql"
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
        return str(program)

    return write


@pytest.fixture
def _unset(monkeypatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "PGOPTIONS", "PGPASSWORD", "SQL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.database
def test_the_session_is_a_readers_by_the_clock_of_the_warehouse(answer):
    add_default_symbols(["SPX"])
    add_trade(ago(3 * HOUR_MS), premium=100)
    run("UPDATE warehouse_clock SET offset_ms = %s", -5 * HOUR_MS // 2)
    try:
        assert answer("SELECT current_user") == "warehouse_reader"
        assert answer(OFFSET) == "-9000000"
        assert answer("SELECT * FROM get_flow_summary('SPX', 60)") == "SPX|0|0|0|100|NEUTRAL||57-64 %"
    finally:
        run("UPDATE warehouse_clock SET offset_ms = 0")
        drop_partitions()


def test_a_rejected_argument_gets_one_sentence(url):
    done = subprocess.run(
        [sys.executable, "-m", "local.launch.psql"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"DATABASE_URL": url, "SQL": "SELECT * FROM get_flow_summary('spx', 60)"},
    )
    assert done.stderr == "ERROR:  'spx' is not in upper case: write 'SPX'\n"
    assert done.returncode == 1


def test_the_password_is_in_the_environment_only(answer, url):
    password = urlsplit(url).password
    program, *arguments = answer(r"\! /bin/cat /proc/$PPID/cmdline").rstrip("\0").split("\0")
    assert program == EMBEDDED
    assert any("user=warehouse_owner" in argument for argument in arguments)
    assert not any(password in argument for argument in arguments)
    assert answer(r'\! echo "$PGPASSWORD"') == password


def test_arguments_are_passed_on(answer):
    assert answer("SELECT 1, 2", "--field-separator", " and ") == "1 and 2"


def test_make_runs_one_statement_and_exits(url):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    done = subprocess.run(
        ["make", "--old-file=.venv/.synced", "psql", "SQL=SELECT 'it''s' AS one"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment, "DATABASE_URL": url},
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["one", "------", "it's", "(1", "row)"]


@pytest.mark.usefixtures("_unset")
def test_the_running_stack_is_found_and_database_url_takes_precedence(tmp_path, monkeypatch):
    lock = FileLock(tmp_path / LOCK)
    lock.exclusive()
    describe(tmp_path, STACK)
    assert psql.database_url(tmp_path) == "postgresql://stack"
    (tmp_path / "url").write_text("postgresql://file\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert psql.database_url(tmp_path) == "postgresql://file"
    lock.release()


@pytest.mark.usefixtures("_unset")
def test_without_a_warehouse_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(psql, "ROOT", tmp_path)
    (tmp_path / ".local").mkdir()
    with pytest.raises(SystemExit) as ended:
        psql.psql([])
    assert ended.value.code == (
        "No warehouse runs in this clone; run `make up` in another terminal or set DATABASE_URL."
    )


@pytest.mark.usefixtures("_unset")
def test_options_of_the_url_and_of_the_environment_are_kept(monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c a.b=1")
    address, variables = psql.session("postgresql://u:p%40ss@h:5433/d?sslmode=require&options=-c%20c.d%3D2")
    assert address == "user=u dbname=d host=h port=5433 sslmode=require connect_timeout=5"
    assert variables["PGOPTIONS"] == "-c a.b=1 -c c.d=2 -c role=warehouse_reader"
    assert variables["PGPASSWORD"] == "p@ss"


@pytest.mark.usefixtures("_unset")
def test_a_url_without_a_password_sets_none():
    _, variables = psql.session("postgresql://u@h/d?connect_timeout=9")
    assert "PGPASSWORD" not in variables


def test_an_invalid_url_is_rejected_with_one_sentence():
    with pytest.raises(LocalError) as rejected:
        psql.session("postgres//u:secret@h/d")
    assert str(rejected.value) == "DATABASE_URL must look like postgresql://user:password@host:5432/database."


@pytest.mark.parametrize(
    "version", ["psql (PostgreSQL) 18.0", "psql (PostgreSQL) 19beta1 (Debian 19~beta1-1)"]
)
def test_an_installed_psql_is_used_when_it_is_as_new(install, version):
    program = install(version)
    assert psql.psql_program() == program


@pytest.mark.parametrize("version", ["psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "not installed"])
def test_the_embedded_psql_is_used_when_the_installed_one_is_older(install, version):
    install(version)
    assert psql.psql_program() == EMBEDDED


def test_without_an_embedded_psql_an_older_one_will_do(install, monkeypatch):
    def missing(major: int) -> Path:
        raise LocalError(f"no PostgreSQL {major}")

    monkeypatch.setattr(psql, "postgres_home", missing)
    with pytest.raises(LocalError) as rejected:
        psql.psql_program()
    assert str(rejected.value) == "There is no psql; install the client of PostgreSQL."
    older = install("psql (PostgreSQL) 15.18")
    assert psql.psql_program() == older
