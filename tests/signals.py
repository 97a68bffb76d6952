"""How signals act on the processes that tests start."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial


def with_ignored(*ignored: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the process ignores these and obeys the other signals that a terminal sends.

    The tests themselves may run with any of them ignored, in the background or under nohup, and children inherit that.
    """
    return partial(_set, ignored)


def _set(ignored: tuple[signal.Signals, ...]) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
