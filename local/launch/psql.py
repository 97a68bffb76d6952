"""`make psql`: ask the warehouse in SQL, as the role `warehouse_reader`.

The warehouse is that of DATABASE_URL, else the one that `make up` or `make demo` runs in this clone. Arguments are
passed on to psql; with the variable SQL it runs that statement and exits.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from local.launch import environment
from local.launch.stack import running
from local.servers.binaries import POSTGRES_HOMES, LocalError, postgres_home
from local.servers.hold import ROOT

READER = "warehouse_reader"
NEWEST = max(POSTGRES_HOMES)
CONNECT_SECONDS = "5"


def database_url(directory: Path) -> str:
    """Return DATABASE_URL, or the URL of the stack that runs in `directory`. Raises LocalError without either."""
    if environment.given("DATABASE_URL"):
        return environment.value("DATABASE_URL")
    stack = running(directory)
    if stack is None:
        raise LocalError(
            "No warehouse runs in this clone; run `make up` in another terminal or set DATABASE_URL."
        )
    return stack.database_url


def psql_program() -> str:
    """Return the path of the installed psql, or of the embedded one where that is newer.

    An older psql lacks commands and misreads the catalogue of a newer server.
    """
    installed = shutil.which("psql")
    if installed and _major(installed) >= NEWEST:
        return installed
    try:
        return str(postgres_home(NEWEST) / "bin" / "psql")
    except LocalError:
        if installed:
            return installed
        raise LocalError("There is no psql; install the client of PostgreSQL.") from None


def session(url: str) -> tuple[str, dict[str, str]]:
    """Return the connection string and the environment of a reader's session. Raises LocalError for an invalid URL.

    The password is in the environment only: everyone on the machine can read the arguments of a process.
    """
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        raise LocalError(
            "DATABASE_URL must look like postgresql://user:password@host:5432/database."
        ) from None
    options = [os.environ.get("PGOPTIONS"), parameters.pop("options", None), f"-c role={READER}"]
    variables = {"PGOPTIONS": " ".join(filter(None, options))}
    if password := parameters.pop("password", None):
        variables["PGPASSWORD"] = password
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    return make_conninfo(**parameters), {**os.environ, **variables}


def psql(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by psql, or exit with one sentence when there is no warehouse or no psql."""
    statement = os.environ.get("SQL", "")
    once = ["--no-psqlrc", "--command", statement] if statement else []
    try:
        address, variables = session(database_url(ROOT / ".local"))
        program = psql_program()
    except LocalError as error:
        sys.exit(str(error))
    # Without the context lines of PL/pgSQL, an argument that a documented function rejects gets one sentence.
    command = [program, "--dbname", address, "--set", "SHOW_CONTEXT=never", *once, *arguments]
    os.execve(program, command, variables)  # noqa: S606


def _major(program: str) -> int:
    """Return the major version of a psql, or 0 when it does not tell."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"psql \(.*?\) (\d+)", told)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    psql(sys.argv[1:])
