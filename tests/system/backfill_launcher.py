"""`python -m tests.system.backfill_launcher`: forks a process per backfill, so that each of many costs no start.

Reads one JSON object a line, {"arguments": […], "output": path, "pace": requests a second or null}; answers with the
process's id, and when it has ended with its exit status, negative for a signal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import django
from django.conf import settings
from django.core.management import execute_from_command_line


def main() -> None:
    django.setup()
    from config.management.commands import backfill  # noqa: F401  # imported before the forks, once for all
    from quant import sessions
    from warehouse import clock

    sessions.is_open(clock.now())  # the calendar takes seconds to load
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(wanted["arguments"], wanted["output"], wanted["pace"])
        _say(pid)
        _say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _become(arguments: Sequence[str], output: str, pace: float | None) -> None:
    """The command, in this process, to its end."""
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    settings.MASSIVE_REQUESTS_PER_SECOND = pace
    status = 0
    try:
        execute_from_command_line(["manage.py", "backfill", *arguments])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    os._exit(status)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
