"""`python -m local.launch.orphan_reaper`: ends what the supervisor cannot end any more because it was killed itself.

Reads `add SESSION` and `drop SESSION` lines on standard input, whose other end the supervisor holds. When it
closes, the supervisor is gone: the kernel has by then told the head of each session to end, and what is left
of the sessions after a while (children of a head that died, a worker stuck in a task) is killed.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable

from local.servers import processes

PATIENCE_SECONDS = 10.0


def remaining(lines: Iterable[str]) -> set[int]:
    """Sessions that were added and not dropped when the lines end."""
    sessions: set[int] = set()
    for line in lines:
        verb, _, session = line.partition(" ")
        (sessions.add if verb == "add" else sessions.discard)(int(session))
    return sessions


def main() -> None:
    sessions = remaining(sys.stdin)

    def left() -> list[int]:
        return [pid for session in sessions for pid in processes.living_in_session(session)]

    processes.end(left, signal.SIGTERM, PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
