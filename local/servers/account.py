"""The system user of the embedded servers, and a folder that this user can reach.

PostgreSQL refuses to run as root. When started by root, the servers run as `postgres` if the system has that user, else
as `nobody`. If that user cannot reach the clone (for example one under /root), data and binaries are stored in a
private folder in /var/tmp. Permissions of existing folders are never changed.
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

OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a reboot, as data must; the owner of folders in it is checked
_PREFIX = "options-warehouse-"


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this system."""

    uid: int
    gid: int

    def as_popen(self) -> dict[str, Any]:
        """Return arguments for `subprocess` that run a program as this user, without other groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account | None:
    """Return the user to run the servers as, or None for the current user."""
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
    """Return whether `account` may enter `path`, according to the permissions of it and all parent folders."""
    return all(_may_enter(folder.stat(), account) for folder in (path, *path.parents))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def outside_folder(directory: Path, account: Account) -> Path:
    """Return the private folder of the stack in `directory`, for servers that cannot reach `directory`.

    It belongs to `account`. Raises LocalError when a folder of that name belongs to another user.
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
            raise LocalError(f"{folder} belongs to another user; remove it or move the clone.") from None
        os.chown(folder, account.uid, account.gid)
    return folder


def remove_abandoned() -> None:
    """Remove the private folders of stacks whose directory no longer exists (a deleted clone)."""
    for folder in OUTSIDE.glob(f"{_PREFIX}*"):
        if folder.is_symlink() or not (folder / "serves").is_file():
            continue
        if not Path((folder / "serves").read_text(encoding="utf-8")).exists():
            shutil.rmtree(folder)
