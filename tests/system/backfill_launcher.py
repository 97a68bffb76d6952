"""`python -m tests.system.backfill_launcher`: run backfills in forked processes, without interpreter start-up time.

It reads one JSON object per line, {"arguments": […], "output": path, "pace": requests per second or null}. It prints
the process id and, when the process has ended, its exit status, which is negative for a signal.
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
    from config.management.commands import backfill  # noqa: F401  # imported once, before the forks
    from quant import sessions
    from warehouse import clock

    sessions.is_open(clock.now())  # the calendar takes seconds to load
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run_backfill(job["arguments"], job["output"], job["pace"])
        _print(pid)
        _print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _run_backfill(arguments: Sequence[str], output: str, pace: float | None) -> None:
    """Run the command in this process and exit."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    settings.MASSIVE_REQUESTS_PER_SECOND = pace
    status = 0
    try:
        execute_from_command_line(["manage.py", "backfill", *arguments])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    os._exit(status)


def _print(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
