"""Starting processes that die with their parent, and finding the ones that outlived it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(death_signal: signal.Signals) -> None:
    """Asks the kernel to send this process `death_signal` when its parent dies. Only Linux can."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the new process `death_signal` when this process dies."""
    parent = os.getpid()

    def prepare() -> None:
        # Runs in the child after its user was changed, because a change of user clears the death signal.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        end_with_parent(death_signal)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return prepare


def spawn(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str],
    death_signal: signal.Signals,
    directory: Path | None = None,
    account: Mapping[str, Any] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own; the kernel sends it `death_signal` when this process dies.

    Must be called from the main thread: the signal follows the death of the thread that started the child.
    `account` holds the `user`, `group` and `extra_groups` to run as, if not our own.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=dict(environment),
        start_new_session=True,
        preexec_fn=die_with_parent(death_signal),
        **(account or {}),
    )


def living_in(directory: Path) -> list[int]:
    """Ids of the processes whose working directory is `directory` (servers change into their data)."""
    return [pid for pid in _process_ids() if _points_to(Path(f"/proc/{pid}/cwd"), directory)]


def living_in_session(session: int) -> list[int]:
    """Ids of the processes of a session, without the dead that wait for their parent."""
    return [pid for pid in _process_ids() if is_alive(pid) and _session(pid) == session]


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and only waits for its parent does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"


def end(pids: Callable[[], list[int]], first: signal.Signals, patience_seconds: float) -> None:
    """Sends `first` to the processes `pids()` lists, and SIGKILL to those still there after the patience."""
    _signal_all(pids(), first)
    if not wait_until(lambda: not pids(), patience_seconds):
        _signal_all(pids(), signal.SIGKILL)
        wait_until(lambda: not pids(), 5)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    """Polls `condition` until it holds or `seconds` have passed; returns whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _process_ids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _points_to(link: Path, directory: Path) -> bool:
    try:
        return link.readlink() == directory
    except OSError:  # gone in the meantime, a zombie, or another user's
        return False


def _session(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before it may itself hold spaces and brackets."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return line.rpartition(")")[2].split()
