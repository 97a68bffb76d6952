"""Environment variables of the services: those of the operator and those of this clone's stack."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from local.launch.stack import Stack
from local.servers.binaries import LocalError


def given(name: str) -> str:
    """Return a variable the operator set, or the path in NAME_FILE; empty when neither is set."""
    return os.environ.get(name, "").strip() or os.environ.get(f"{name}_FILE", "").strip()


def value(name: str) -> str:
    """Return the value of a variable that is `given`. Raises LocalError when its file cannot be read."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return os.environ[name].strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LocalError(f"{name}_FILE is {path}, which cannot be read ({error.strerror}).") from None


def own_servers() -> tuple[str, str] | None:
    """Return the operator's DATABASE_URL and REDIS_URL, or None to use the embedded servers."""
    if bool(given("DATABASE_URL")) != bool(given("REDIS_URL")):
        raise LocalError("Set both DATABASE_URL and REDIS_URL, or neither to use the embedded servers.")
    if not given("DATABASE_URL"):
        return None
    return value("DATABASE_URL"), value("REDIS_URL")


def secret_key(directory: Path) -> str:
    """Return the operator's SECRET_KEY, or one stored once per clone so that admin logins survive restarts."""
    if given("SECRET_KEY"):
        return value("SECRET_KEY")
    return _stored(directory / "secret_key", 50)


def admin_password(directory: Path) -> str:
    """Return the password with which this clone creates the admin user, stored once per clone for its owner only."""
    return _stored(directory / "admin_password", 15)


def _stored(path: Path, length: int) -> str:
    """Return the secret in a file, which is created with a random one of so many bytes."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(length), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def of(stack: Stack, process: str, role: str) -> dict[str, str]:
    """Return the environment of one process with the database role `role` (empty: that of the login)."""
    variables = {
        "DATABASE_URL": stack.database_url,
        "REDIS_URL": stack.redis_url,
        "SECRET_KEY": stack.secret_key,
        "CLOCK_OFFSET_MS": str(stack.clock_offset_ms),
        "SIMULATED": "true" if stack.simulated else "false",
        "MASSIVE_BASE_URL": stack.massive_base_url,
        "MASSIVE_STREAM_URL": stack.massive_stream_url,
        "DATABASE_ROLE": role,
        "PROCESS_NAME": process,
        "PYTHONUNBUFFERED": "1",
        # Gunicorn's control socket would be in the home directory and conflict with that of another clone.
        "GUNICORN_CMD_ARGS": "--no-control-socket",
    }
    if stack.simulated:
        variables["MASSIVE_API_KEY"] = "simulated"
    # NAME_FILE takes precedence over NAME, so the operator's NAME_FILE variables are removed.
    inherited = {
        name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in variables
    }
    return inherited | variables
