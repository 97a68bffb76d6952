"""Where the arrays of features begin: the same earlier session for live and for past evaluations of a session.

A recursive indicator depends on its first bar. With a fixed one, a value computed live equals that of a backtest, bit
for bit. Numbers are sessions of the exchange.
"""

from __future__ import annotations

import datetime as dt

from warehouse.market_days import MarketDays

REGULAR = MarketDays()  # the exchange calendar without exceptions

# Before the evaluated session. Bars of 1h and 4h are built from those of 15 minutes.
FRAME_ANCHORS = {"5m": 32, "15m": 128}
FLOW_ANCHOR = 22  # sums of trades
BAR_ANCHOR, HOUR_ANCHOR, FOUR_HOUR_ANCHOR = 32, 64, 128
DAY_ANCHOR = 800  # before the first session of the month

# Days that can be evaluated: the exchange calendar, 1990 to 2099, has the anchors before them and the sessions after.
EARLIEST, LATEST = dt.date(1994, 1, 1), dt.date(2098, 12, 31)


def first_days(first: dt.date, days: MarketDays = REGULAR) -> dict[str, dt.date]:
    """Return by timeframe the session at which the bars begin that sessions from `first` on need."""
    found = {name: days.before(first, count) for name, count in FRAME_ANCHORS.items()}
    return {"1d": days.before(first.replace(day=1), DAY_ANCHOR)} | found
