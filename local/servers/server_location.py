"""Folders of one stack's binaries and data, and the user of its servers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.servers import account as accounts
from local.servers.account import Account
from local.servers.binaries import postgres_home, valkey_home

_COPIES = "binaries"

# The servers inherit no other variable, in particular no keys.
ENVIRONMENT: Mapping[str, str] = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Place:
    """Folders of one stack. `data` holds one folder per server; `account` is None for the current user."""

    directory: Path
    data: Path
    postgres_home: Path
    valkey_home: Path
    account: Account | None

    @property
    def outside(self) -> bool:
        """Whether data and binaries are outside the stack's directory."""
        return self.data != self.directory

    def as_popen(self) -> dict[str, Any]:
        """Return arguments for `subprocess` that run a program as the servers' user."""
        return self.account.as_popen() if self.account else {}

    def own(self, path: Path) -> None:
        """Change the owner of `path` to the servers' user."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def make(self, folder: Path) -> Path:
        """Create `folder` if missing, readable by the servers' user only, and return it."""
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self.own(folder)
        return folder

    def clean_up(self, disposable: bool) -> None:
        """Remove the copied binaries outside the directory, and the data there if they are disposable."""
        if self.outside and disposable:
            shutil.rmtree(self.data)
        elif self.outside:
            shutil.rmtree(self.data / _COPIES)


def choose(directory: Path, postgres_major: int) -> Place:
    """Return the place of the stack in `directory`; copies the binaries if their user cannot reach them."""
    account = accounts.server_account()
    postgres, valkey = postgres_home(postgres_major), valkey_home()
    if account is None:
        return Place(directory, directory, postgres, valkey, None)
    accounts.remove_abandoned()
    if all(accounts.reachable(folder, account) for folder in (directory, postgres / "bin", valkey)):
        return Place(directory, directory, postgres, valkey, account)
    folder = accounts.outside_folder(directory, account)
    postgres, valkey = _copied([postgres, valkey], folder / _COPIES, account)
    return Place(directory, folder, postgres, valkey, account)


def _copied(homes: list[Path], target: Path, account: Account) -> list[Path]:
    """Copy the folders `homes` of installed packages in the same layout, owned by `account`."""
    shutil.rmtree(target, ignore_errors=True)  # an earlier copy may be incomplete or of another version
    site = _site_packages(homes[0])
    # The programs load libraries from a folder beside their package, by a path relative to their own.
    libraries = [folder for folder in site.glob("*.libs") if folder.stem in homes[0].parts]
    for source in (*homes, *libraries):
        shutil.copytree(source, target / source.relative_to(site), symlinks=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return [target / home.relative_to(site) for home in homes]


def _site_packages(home: Path) -> Path:
    return next(folder for folder in home.parents if folder.name == "site-packages")
