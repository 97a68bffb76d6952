"""From which age on data are stale during the session, on every page. Ages are milliseconds."""

from __future__ import annotations

from monitoring.freshness import ALLOWED_CADENCES
from quant.sessions import MINUTE_MS

FLOW_MS = 2 * MINUTE_MS
BARS_MS = 5 * MINUTE_MS


def bars_ms(minutes: int) -> int:
    """Return the age above which a bar of this length is stale, counted from its end.

    The next bar ends one length later, so only longer ones than a minute are allowed that in addition.
    """
    return BARS_MS + (minutes * MINUTE_MS if minutes > 1 else 0)


def chain_ms(every_minutes: int = 15) -> int:
    """Return the age of a chain above which it is stale, at a cadence in minutes."""
    return ALLOWED_CADENCES * every_minutes * MINUTE_MS
