"""Typed readers of environment variables. An invalid value ends the process with one sentence.

The call that reads a variable declares it. `names()` returns all declared variables; a test compares them with
`.env.example`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

_read: set[str] = set()


def names() -> frozenset[str]:
    """Return the names of all variables read so far, without the `_FILE` variants of secrets."""
    return frozenset(_read)


def refuse(sentence: str) -> NoReturn:
    """Exit with one sentence for the operator instead of a traceback."""
    raise SystemExit(f"configuration: {sentence}")


def text(name: str, default: str = "") -> str:
    """Return a variable without surrounding white space, or `default` when it is unset or empty."""
    _read.add(name)
    return os.environ.get(name, "").strip() or default


def secret(name: str, default: str = "") -> str:
    """Return a secret from `NAME`, or from the file named by `NAME_FILE`, as container secrets are provided."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return text(name, default)
    _read.add(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        refuse(f"{name}_FILE names {path}, which cannot be read ({error.strerror}).")


def integer(name: str, default: int) -> int:
    """Return a whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        refuse(f"{name} must be a whole number, not {value!r}.")


def number(name: str, default: float) -> float:
    """Return a number."""
    value = text(name, str(default))
    try:
        return float(value)
    except ValueError:
        refuse(f"{name} must be a number, not {value!r}.")


def flag(name: str, default: bool) -> bool:
    """Return a boolean, written `true` or `false` in any case."""
    value = text(name, str(default)).lower()
    if value not in ("true", "false"):
        refuse(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def hours(name: str) -> str:
    """Return a range of hours such as `20:00-08:00`, empty when it is unset."""
    value = text(name)
    try:
        if value and len([dt.time.fromisoformat(part) for part in value.split("-")]) != 2:
            raise ValueError
    except ValueError:
        refuse(f"{name} must be two times of day such as 20:00-08:00, not {value!r}.")
    return value


def one_of(name: str, default: str, choices: Sequence[str]) -> str:
    """Return one of `choices`."""
    value = text(name, default)
    if value not in choices:
        refuse(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def listing(name: str, default: str = "") -> list[str]:
    """Return the parts of a comma-separated list."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def database(url: str) -> dict[str, str | int]:
    """Return the NAME, USER, PASSWORD, HOST and PORT settings of Django for a `postgresql://` URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        refuse("DATABASE_URL must look like postgresql://user:password@host:5432/database.")
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or 5432,
    }
