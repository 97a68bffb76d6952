"""Bars of underlyings and option contracts, and the corporate actions by which bars are adjusted."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import ActionKind, Source, Timeframe

TABLE, ACTIONS = "historical_bars", "corporate_actions"


class HistoricalBar(models.Model):
    """Grain: one bar. Key: (symbol, timeframe, timestamp), the primary key of the database.

    `symbol` is an underlying or a contract ticker. Prices and volumes are as traded; splits are applied on reading.
    Rows from before `is_adjusted` may be adjusted for splits until they were fetched, see `manage.py refetch_bars`.
    Written by bar ingestion, backfill and import. Monthly partitions (UTC), kept five years; minute bars and option
    bars past one year are deleted in chunks. Imported bars are kept until they are deleted by hand.
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
    is_adjusted = columns.flag_or_unknown(
        "whether later splits were applied when it was fetched, null if unknown"
    )
    source = columns.choice(Source, "import for a bar of a file, null for one of the provider")
    known_at = columns.known_at(large=True)
    computed_at = columns.computed_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "Bars of underlyings and option contracts in seven timeframes."
        verbose_name, verbose_name_plural = "bar", "historical bars"
        constraints = [
            columns.unique(TABLE, "symbol", "timeframe", "timestamp"),
            columns.one_of(TABLE, "timeframe", Timeframe),
            columns.one_of(TABLE, "source", Source),
            columns.known_since_timestamp(TABLE),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe}, {clock.new_york_text(self.timestamp)}"


class CorporateAction(models.Model):
    """Grain: the splits or cash dividends of one stock on one ex-date. Key: (symbol, kind, ex_date). Never deleted.

    Written by `ingestion.daily.corporate_actions`, read by `warehouse.asof.corporate_actions`. Several dividends of a
    date, a regular and a special one, are one row with their sum. An action that the provider no longer lists before
    its ex-date stays with `withdrawn_at`. Values are of the shares of their time, not adjusted for later splits.
    """

    id = columns.row_id()
    symbol = columns.key("stock or ETF: AAPL; no unit")
    kind = columns.choice(ActionKind, "kind of the action", null=False)
    ex_date = columns.day("first session without the dividend, or with the new shares")
    cash_amount = columns.money("sum of the cash dividends of the ex-date; dollars per share")
    split_from = columns.real("old shares of the split's ratio; shares")
    split_to = columns.real("new shares for them; shares")
    declaration_date = columns.day("when it was declared, null if unknown", null=True)
    pay_date = columns.day("when it is paid, null if unknown", null=True)
    dividend_type = columns.text(
        "kinds of the dividends: CD regular, SC special, LT and ST capital gains; no unit"
    )
    source = columns.choice(Source, "live, or backfill for what the first fetch found", null=False)
    fetched_at = columns.epoch_ms("when these values were fetched first")
    withdrawn_at = columns.epoch_ms(
        "from when on it was no longer listed, null while it is", null=True, blank=True
    )
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = ACTIONS
        db_table_comment = "Splits and cash dividends of stocks."
        verbose_name = "corporate action"
        indexes = [models.Index(fields=["ex_date", "id"], name="corporate_actions_date_idx")]
        constraints = [
            columns.unique(ACTIONS, "symbol", "kind", "ex_date"),
            columns.one_of(ACTIONS, "kind", ActionKind),
            columns.one_of(ACTIONS, "source", Source),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.kind} of {self.ex_date}"
