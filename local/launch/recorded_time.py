"""The last market time that a warehouse recorded, read before its services start."""

from __future__ import annotations

import datetime as dt

import psycopg

# Every process writes a heartbeat each 15 seconds, so only later trades and runs are searched.
_EXISTS = (
    "SELECT to_regclass('scanner_heartbeat') IS NOT NULL AND to_regclass('options_flow_history') IS NOT NULL"
)
_HEARTBEAT = """
SELECT greatest((SELECT max(last_scan) FROM scanner_heartbeat), (SELECT max(finished_at) FROM ingestion_runs))
"""
_TRADE = 'SELECT max("timestamp") FROM options_flow_history WHERE "timestamp" > %s'
# A row counts as known ten seconds after the start of its transaction.
_KNOWN_AFTER = dt.timedelta(seconds=10)


def newest_recorded(database_url: str) -> dt.datetime | None:
    """Return the market time after which everything stored is known, aware UTC; None for an empty warehouse.

    Raises psycopg.Error when the database cannot be read.
    """
    with psycopg.connect(database_url) as connection:
        if connection.execute(_EXISTS).fetchone() != (True,):
            return None
        (beat_ms,) = connection.execute(_HEARTBEAT).fetchone() or (None,)
        if beat_ms is None:
            return None
        (trade_ms,) = connection.execute(_TRADE, [beat_ms]).fetchone() or (None,)
    return dt.datetime.fromtimestamp(max(beat_ms, trade_ms or 0) / 1000, dt.UTC) + _KNOWN_AFTER
