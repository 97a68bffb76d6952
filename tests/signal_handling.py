"""Signal handling of the processes that tests start."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial


def with_ignored(*ignored: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` with which the process ignores these signals and handles the others by default.

    It sets SIGINT and SIGHUP, the signals that a terminal sends. The tests may run in the background or under nohup,
    where one of them is ignored, and child processes inherit that.
    """
    return partial(_set_handlers, ignored)


def _set_handlers(ignored: tuple[signal.Signals, ...]) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
