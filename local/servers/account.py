"""The system user the servers run as, and a place for them that this user can reach.

PostgreSQL refuses to run as root. Started by root, the servers run as `postgres` where the system has that
user, else as `nobody`. Where that user cannot reach the clone (one under /root, say), data and binaries go to
a private folder in /var/tmp instead: no permission of an existing folder is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.servers.binaries import LocalError

OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a reboot, as data must; what is made there is checked below
_PREFIX = "options-warehouse-"


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this system."""

    uid: int
    gid: int

    def as_popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that run a program as this user, with no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account | None:
    """The user to run servers as, or None when that is simply the current user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LocalError(
        "PostgreSQL refuses to run as root and this system has neither a user postgres nor nobody; "
        "run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def reachable(path: Path, account: Account) -> bool:
    """Whether `account` may enter `path`, judged by the permission bits of it and every folder above."""
    return all(_may_enter(folder.stat(), account) for folder in (path, *path.parents))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def outside_folder(directory: Path, account: Account) -> Path:
    """The private folder of the stack in `directory`, for servers that cannot reach `directory` itself.

    Belongs to `account` alone. A folder of that name made by somebody else is refused.
    """
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    folder = OUTSIDE / f"{_PREFIX}{name}"
    try:
        folder.mkdir(mode=0o700)
        (folder / "serves").write_text(str(directory), encoding="utf-8")
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        status = folder.lstat()
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid in (0, account.uid)
        if not ours or status.st_mode & 0o077:
            raise LocalError(f"{folder} belongs to somebody else; remove it or move the clone.") from None
        os.chown(folder, account.uid, account.gid)
    return folder


def remove_abandoned() -> None:
    """Removes the private folders of stacks whose own directory is gone (the clone was deleted)."""
    for folder in OUTSIDE.glob(f"{_PREFIX}*"):
        if folder.is_symlink() or not (folder / "serves").is_file():
            continue
        if not Path((folder / "serves").read_text(encoding="utf-8")).exists():
            shutil.rmtree(folder)
