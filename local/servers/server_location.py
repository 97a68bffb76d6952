"""Where one stack's servers find their binaries and keep their data, and as whom they run."""

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

# The servers see no other variable of ours, least of all keys.
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
        """Whether data and binaries had to leave the stack's own directory."""
        return self.data != self.directory

    def as_popen(self) -> dict[str, Any]:
        return self.account.as_popen() if self.account else {}

    def own(self, path: Path) -> None:
        """Gives `path`, made by us, to the servers' user."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def make(self, folder: Path) -> Path:
        """An existing or new folder that only the servers' user can read."""
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self.own(folder)
        return folder

    def leave(self, disposable: bool) -> None:
        """Removes what is outside the directory and not worth keeping: copied binaries, disposable data."""
        if self.outside and disposable:
            shutil.rmtree(self.data)
        elif self.outside:
            shutil.rmtree(self.data / _COPIES)


def choose(directory: Path, postgres_major: int) -> Place:
    """The place for the stack of `directory`, binaries copied where they cannot be reached."""
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
    """Copies of the folders `homes` of installed packages, in the same layout, belonging to `account`."""
    shutil.rmtree(target, ignore_errors=True)  # an earlier copy may be half, or of another version
    site = _site_packages(homes[0])
    # The programs find their libraries in a folder beside their package, by a path relative to themselves.
    libraries = [folder for folder in site.glob("*.libs") if folder.stem in homes[0].parts]
    for source in (*homes, *libraries):
        shutil.copytree(source, target / source.relative_to(site), symlinks=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return [target / home.relative_to(site) for home in homes]


def _site_packages(home: Path) -> Path:
    return next(folder for folder in home.parents if folder.name == "site-packages")
