"""The minute of an exit within its bar."""

from __future__ import annotations

import numpy as np

from quant.market.outcome_kinds import EXPIRED, TARGET_HIT
from quant.market.outcomes import Outcomes
from quant.sessions import MINUTE_MS
from signals.scan.paths import Path


def exit_minute(found: Outcomes, path: Path, place: int, side: int, at_close: bool) -> int | None:
    """Return the start of the minute in which an outcome reached its exit, epoch ms; None where it is not known.

    The end of the bar for an exit at the end of the time (`at_close`: always), its start for one at its open. Else the
    first minute that reaches the price: minutes count where all of the bar are stored, in the entry's bar those from
    the entry on.
    """
    row, entry_row = int(found.exit_row[place]), int(found.entry_row[place])
    if row < 0:
        return None
    start_ms, end = int(path.start_ms[row]), int(found.end[place])
    if at_close or end == EXPIRED:
        return int(path.end_ms[row])
    bars, price = path.bars, float(found.exit[place])
    if row > entry_row and price == bars.open[row]:
        return start_ms
    first = int(found.entry_minute[place]) if row == entry_row else 0
    if first < 0 or (row > entry_row and not bars.complete[row]):
        return None
    is_above = (side > 0) == (end == TARGET_HIT)
    reached = bars.minute_high[row] >= price if is_above else bars.minute_low[row] <= price
    minutes = np.flatnonzero(reached[first:])
    return start_ms + (first + int(minutes[0])) * MINUTE_MS if len(minutes) else None
