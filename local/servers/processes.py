"""Starting processes that end with their parent, and finding processes that outlived it."""

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
    """Make the kernel send this process `death_signal` when its parent dies. Linux only."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the kernel sends the new process `death_signal` when this process dies."""
    parent = os.getpid()

    def prepare() -> None:
        # Called in the child after the change of user, because that change clears the death signal.
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
    """Start `command` in its own session. The kernel sends it `death_signal` when this process dies.

    Must be called from the main thread: the signal is sent at the end of the thread that started the child.
    `account` holds the `user`, `group` and `extra_groups` of the child, if they differ from those of this process.
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
    """Return the ids of the processes whose working directory is `directory`, which is the data folder of a server."""
    return [pid for pid in _process_ids() if _points_to(Path(f"/proc/{pid}/cwd"), directory)]


def living_in_session(session: int) -> list[int]:
    """Return the ids of the processes of a session, without zombies."""
    return [pid for pid in _process_ids() if is_alive(pid) and _session(pid) == session]


def is_alive(pid: int) -> bool:
    """Return whether the process runs. A zombie does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"


def end(pids: Callable[[], list[int]], first: signal.Signals, patience_seconds: float) -> None:
    """Send `first` to the processes that `pids()` lists, and SIGKILL to those left after `patience_seconds`."""
    _signal_all(pids(), first)
    if not wait_until(lambda: not pids(), patience_seconds):
        _signal_all(pids(), signal.SIGKILL)
        wait_until(lambda: not pids(), 5)


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    """Poll `condition` until it is true or `seconds` have passed. Returns whether it became true."""
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
    except OSError:  # ended in the meantime, a zombie, or a process of another user
        return False


def _session(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which can contain spaces and brackets."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return line.rpartition(")")[2].split()
