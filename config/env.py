"""Typed readers of the environment. A value that cannot be read raises; nothing falls back on a guess.

Every variable is declared by the call that reads it, and `names()` lists them, so that a test can hold
`.env.example` against what the settings really read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

_read: set[str] = set()


def names() -> frozenset[str]:
    """Names of all variables read so far, without the `_FILE` twins of secrets."""
    return frozenset(_read)


def refuse(sentence: str) -> NoReturn:
    """Ends the process with one sentence for the operator instead of a traceback."""
    raise SystemExit(f"configuration: {sentence}")


def text(name: str, default: str = "") -> str:
    _read.add(name)
    return os.environ.get(name, "").strip() or default


def secret(name: str, default: str = "") -> str:
    """A secret from `NAME`, or from the file named by `NAME_FILE` (as container secrets are handed over)."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return text(name, default)
    _read.add(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        refuse(f"{name}_FILE names {path}, which cannot be read ({error.strerror}).")


def integer(name: str, default: int) -> int:
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        refuse(f"{name} must be a whole number, not {value!r}.")


def number(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        return float(value)
    except ValueError:
        refuse(f"{name} must be a number, not {value!r}.")


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in ("true", "false"):
        refuse(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def listing(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def database(url: str) -> dict[str, str | int]:
    """NAME, USER, PASSWORD, HOST and PORT of a `postgresql://` URL, as Django spells them."""
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
