"""Hours of the session of a signal."""

from __future__ import annotations

from quant import sessions
from quant.sessions import HOUR_MS
from warehouse import clock

_FULL_SESSION_MS = 13 * HOUR_MS // 2


def hours_ms(bar_end: int) -> tuple[int, int]:
    """Return open and close of the session of a bar that ends at `bar_end`, all epoch ms.

    A session that the exchange added has no hours in the calendar: it counts as a full one that ends with the bar.
    """
    day = sessions.new_york_date(clock.instant(bar_end))
    if not sessions.sessions(day, day):
        return bar_end - _FULL_SESSION_MS, bar_end
    return clock.epoch_ms(sessions.open_of(day)), clock.epoch_ms(sessions.close_of(day))
