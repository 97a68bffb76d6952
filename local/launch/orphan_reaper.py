"""`python -m local.launch.orphan_reaper`: kill the services of a supervisor that was killed.

It reads `add SESSION` and `drop SESSION` lines from standard input, a pipe from the supervisor. The pipe closes when
the supervisor ends. The kernel has then signalled the first process of each session; processes of the sessions that
remain after a while (children of a dead first process, a worker stuck in a task) are killed.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable

from local.servers import processes

PATIENCE_SECONDS = 10.0


def remaining(lines: Iterable[str]) -> set[int]:
    """Return the sessions that were added and not dropped."""
    sessions: set[int] = set()
    for line in lines:
        verb, _, session = line.partition(" ")
        (sessions.add if verb == "add" else sessions.discard)(int(session))
    return sessions


def main() -> None:
    """Read standard input to its end, then end all processes of the remaining sessions."""
    sessions = remaining(sys.stdin)

    def living() -> list[int]:
        return [pid for session in sessions for pid in processes.living_in_session(session)]

    processes.end(living, signal.SIGTERM, PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
