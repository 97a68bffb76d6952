"""Live trades, classified."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import (
    Aggressiveness,
    OptionType,
    QuoteSource,
    Sentiment,
    Side,
    Source,
    TradeType,
)

TABLE = "options_flow_history"


class OptionsFlow(models.Model):
    """Grain: one trade. Key: (symbol, timestamp, contract_ticker, sequence_number), the database primary key.

    Written by the flow workers through `warehouse.loading.bulk`. Daily partitions (UTC), kept 90 days. A cancel is a
    separate row that sums exclude; the canceled trade has its sequence number in `canceled_by`.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("exchange time of the trade")
    contract_ticker = columns.key("contract ticker, O:SPXW251219C06475000; no unit")
    sequence_number = columns.big_count(
        "provider's number of the message, negative ordinal without one; no unit", null=False
    )
    price = columns.money("price; dollars per share", null=False)
    size = columns.count("size; contracts", null=False)
    premium = columns.money("price x size x multiplier, null where that is unknown; dollars")
    trade_type = columns.choice(TradeType, "class of the trade", null=False)
    sentiment = columns.choice(Sentiment, "direction of the trade", null=False)
    aggressiveness = columns.choice(Aggressiveness, "price relative to the quote", null=False)
    is_sweep = columns.flag("intermarket sweep, by condition or by pattern")
    is_block = columns.flag("block by size")
    is_above_ask = columns.flag("price above the best offer")
    is_below_bid = columns.flag("price below the best bid")
    is_unusual_volume = columns.flag("unusual activity")
    strike = columns.money("strike price; dollars, index points for an index", null=False)
    expiration = columns.day("expiration day")
    option_type = columns.choice(OptionType, "call or put", null=False)
    dte = columns.count("calendar days from the trade's New York date to expiration; days", null=False)
    underlying_price = columns.money("underlying at the trade; dollars or index points")
    underlying_age_ms = columns.count("age of underlying_price at the trade; milliseconds")
    bid = columns.money("best bid before the trade; dollars per share")
    ask = columns.money("best offer before the trade; dollars per share")
    quote_age_ms = columns.count("age of bid and ask at the trade, null without a quote; milliseconds")
    average_size = columns.real("mean size of the underlying's trades over 20 sessions; contracts")
    side = columns.choice(Side, "side that took liquidity, null without a fresh quote")
    sweep_id = columns.big_count("sequence_number of the sweep's first trade; no unit")
    exchange = columns.text("exchange of the trade; no unit")
    conditions = columns.texts(
        "trade conditions, OPRA mnemonics or provider ids; no unit", null=True, blank=True
    )
    is_cancel = columns.flag("the row cancels an earlier trade")
    canceled_by = columns.big_count("sequence_number of the cancel of this trade; no unit")
    source = columns.choice(Source, "origin of the row", null=False)
    received_at = columns.epoch_ms("when the trade reached the consumer")
    method_version = columns.method_version()
    known_at = columns.known_at(large=True)
    canceled_at = columns.epoch_ms("from when on canceled_by was known", null=True, blank=True)
    amended_at = columns.epoch_ms(
        "from when on the amended class and quote were known", null=True, blank=True
    )
    multiplier = columns.count(
        "deliverable, null in rows from before the column and where it is unknown; shares per contract"
    )
    large_size = columns.real(
        "95th percentile of the underlying's trade sizes over 20 sessions, null like average_size before 200; contracts"
    )
    trade_rate = columns.real("rate of the contract's trades over the minute before; trades per millisecond")
    quote_source = columns.choice(
        QuoteSource, "origin of bid and ask, wanted before they are fetched, null if they are not"
    )

    first_report = columns.big_count(
        "of a cancel: sequence_number of the contract's first report seen before it, null if none was; no unit"
    )
    last_report = columns.big_count(
        "of a cancel: sequence_number of the contract's last report seen before it, null if none was; no unit"
    )

    # Behind row-level security a comparison of NUMERIC is no index condition, because it is not leakproof. Amounts of
    # at most 15 digits, and prices have no more, are in the same order in both types.
    premium_float = columns.real_of(
        "premium", "premium, for the order and the filter of lists, null where it is unknown; dollars"
    )

    class Meta:
        db_table = TABLE
        db_table_comment = "Stored trades with quote and classification; sums exclude is_cancel."
        verbose_name, verbose_name_plural = "trade", "options flow history"
        constraints = [
            columns.unique(TABLE, "symbol", "timestamp", "contract_ticker", "sequence_number"),
            columns.one_of(TABLE, "trade_type", TradeType),
            columns.one_of(TABLE, "sentiment", Sentiment),
            columns.one_of(TABLE, "aggressiveness", Aggressiveness),
            columns.one_of(TABLE, "option_type", OptionType),
            columns.one_of(TABLE, "side", Side),
            columns.one_of(TABLE, "quote_source", QuoteSource),
            columns.one_of(TABLE, "source", Source),
            columns.known_since_timestamp(TABLE),
        ]

    def __str__(self) -> str:
        return f"{self.contract_ticker} {self.size} at {self.price}, {clock.new_york_text(self.timestamp)}"
