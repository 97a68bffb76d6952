"""Bars of underlyings and option contracts."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import Timeframe

TABLE = "historical_bars"


class HistoricalBar(models.Model):
    """Grain: one bar. Key: (symbol, timeframe, timestamp), the primary key of the database.

    `symbol` is an underlying or a contract ticker. Written by bar ingestion and backfill. Monthly partitions
    (UTC), kept five years; minute bars and option bars past one year are deleted in chunks.
    """

    id = columns.row_id()
    symbol = columns.key("underlying (SPX) or contract ticker (O:SPXW251219C06475000); no unit")
    timeframe = columns.choice(Timeframe, "length of the bar", null=False)
    timestamp = columns.epoch_ms("start of the bar")
    open = columns.money("first price; dollars or index points", null=False)
    high = columns.money("highest price; dollars or index points", null=False)
    low = columns.money("lowest price; dollars or index points", null=False)
    close = columns.money("last price; dollars or index points", null=False)
    volume = columns.real("volume, null for an index; shares or contracts")
    vwap = columns.money("volume-weighted average price; dollars")
    transactions = columns.count("trades in the bar; trades")
    known_at = columns.known_at(large=True)
    computed_at = columns.computed_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "Bars of underlyings and option contracts in seven timeframes."
        verbose_name, verbose_name_plural = "bar", "historical bars"
        constraints = [
            columns.unique(TABLE, "symbol", "timeframe", "timestamp"),
            columns.one_of(TABLE, "timeframe", Timeframe),
            columns.known_since_timestamp(TABLE),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} at {self.timestamp}"
