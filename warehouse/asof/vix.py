"""The newest VIX known at an instant, of the stored bars of VIX and of the market regime.

Each statement reads one table by its key. The bars of 15 minutes are stored for the market regime, after the close; a
warehouse that stores them during the session has later ones.
"""

from __future__ import annotations

from django.db import connection

from quant import sessions
from quant.sessions import DAY_MS, MINUTE_MS
from warehouse import clock
from warehouse.asof.days import closed_between

SYMBOL = "VIX"
# A level remains known over a long weekend.
LONGEST_MS = 7 * DAY_MS
_QUARTER_HOUR_MS = 15 * MINUTE_MS

# A bar without known_at was stored before the column existed.
_BAR = """
SELECT close::double precision, "timestamp" FROM historical_bars
WHERE symbol = %(symbol)s AND timeframe = '15m' AND "timestamp" BETWEEN %(first)s AND %(at)s
  AND coalesce(known_at, warehouse_bar_known_ms("timestamp", timeframe)) <= %(at)s AND close IS NOT NULL
ORDER BY "timestamp" DESC LIMIT 1
"""
_REGIME = """
SELECT vix_level::double precision, date FROM market_regime_history
WHERE date BETWEEN %(first)s AND %(last)s AND vix_level IS NOT NULL AND known_at <= %(at)s
ORDER BY date DESC LIMIT 1
"""


def newest_vix(at_ms: int) -> float | None:
    """Return the newest VIX, index points, that was known at `at_ms` (epoch ms) and is at most a week old, or None.

    It is the later one of the close of the last bar of 15 minutes and the level of the last market regime; of the same
    session, the regime's.
    """
    first_ms = at_ms - LONGEST_MS
    with connection.cursor() as cursor:
        cursor.execute(_BAR, {"symbol": SYMBOL, "first": first_ms, "at": at_ms})
        bar = cursor.fetchone()
        cursor.execute(_REGIME, {**closed_between(first_ms, at_ms), "at": at_ms})
        regime = cursor.fetchone()
    if bar is None or regime is None:
        return (bar or regime or (None,))[0]
    closed_ms = clock.epoch_ms(sessions.close_of(regime[1]))
    return float(bar[0] if bar[1] + _QUARTER_HOUR_MS > closed_ms else regime[0])
