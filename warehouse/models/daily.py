"""Daily sums, which are kept longer than the rows they are summed from."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import DealerPositioning
from warehouse.models.side_coverage import SideCoverage


class FlowDay(SideCoverage):
    """Grain: one underlying, one session of trades, no cancels. Key: (symbol, date). Kept five years."""

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    trades = columns.big_count("trades; trades", null=False)
    contracts = columns.big_count("size of all trades; contracts", null=False)
    call_contracts = columns.big_count("size of call trades; contracts", null=False)
    put_contracts = columns.big_count("size of put trades; contracts", null=False)
    premium = columns.money("premium of all trades; dollars", null=False)
    bullish_premium = columns.money("premium of BULLISH trades; dollars", null=False)
    bearish_premium = columns.money("premium of BEARISH trades; dollars", null=False)
    premium_unknown = columns.big_count(
        "trades of unknown premium, which the premiums leave out; trades", null=False, db_default=0
    )
    sweeps = columns.big_count("sweeps, each counted once; sweeps", null=False)
    bullish_sweeps = columns.big_count("sweeps of which more premium is BULLISH; sweeps", null=False)
    bearish_sweeps = columns.big_count("sweeps of which more premium is BEARISH; sweeps", null=False)
    blocks = columns.big_count("blocks; trades", null=False)
    unusual = columns.big_count("trades flagged as unusual; trades", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = "flow_daily"
        db_table_comment = "Sums of a session's trades per underlying, cancels left out."
        verbose_name, verbose_name_plural = "daily flow", "daily flow"
        constraints = [columns.unique("flow_daily", "symbol", "date")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"


class FlowOpeningDay(models.Model):
    """Grain: one underlying, one session of trades by change of open interest. Key: (symbol, date). Kept five years.

    Open interest is published in the morning for the end of the session before, so a row is known in the next session.
    It is a table of its own, because flow_daily is known at the close.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session of the trades")
    next_date = columns.day("next session, whose open interest is compared with that of date")
    contracts = columns.big_count("size of all stored trades; contracts", null=False)
    opened_contracts = columns.big_count(
        "per contract ticker the smaller of size and rise of open interest; contracts", null=False
    )
    closed_contracts = columns.big_count(
        "per contract ticker the smaller of size and fall of open interest; contracts", null=False
    )
    unknown_contracts = columns.big_count(
        "size of the contract tickers without open interest in both sessions; contracts", null=False
    )
    premium = columns.money("known premium of all stored trades; dollars", null=False)
    opened_premium = columns.money(
        "premium in proportion to opened_contracts per contract ticker; dollars", null=False
    )
    closed_premium = columns.money(
        "premium in proportion to closed_contracts per contract ticker; dollars", null=False
    )
    unknown_premium = columns.money("premium of unknown_contracts; dollars", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = "flow_opening_daily"
        db_table_comment = (
            "A session's trades per underlying by the change of open interest until the next session."
        )
        verbose_name, verbose_name_plural = "daily opening flow", "daily opening flow"
        constraints = [columns.unique("flow_opening_daily", "symbol", "date")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"


class GammaDay(models.Model):
    """Grain: one underlying, one session of gamma snapshots. Key: (symbol, date). Kept five years."""

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    snapshots = columns.count("snapshots of the session; snapshots", null=False)
    total_gamma_open = columns.money(
        "net dealer gamma of the first snapshot; dollars per 1 percent move of spot"
    )
    total_gamma_close = columns.money(
        "net dealer gamma of the last snapshot; dollars per 1 percent move of spot"
    )
    total_gamma_low = columns.money("lowest net dealer gamma; dollars per 1 percent move of spot")
    total_gamma_high = columns.money("highest net dealer gamma; dollars per 1 percent move of spot")
    gross_gamma_median = columns.money("median gross gamma; dollars per 1 percent move of spot")
    underlying_close = columns.money("spot of the last snapshot; dollars or index points")
    gamma_flip_close = columns.money("flip of the last snapshot; dollars or index points")
    gamma_wall_resistance = columns.money("resistance of the last snapshot; dollars or index points")
    gamma_wall_support = columns.money("support of the last snapshot; dollars or index points")
    dealer_positioning = columns.choice(DealerPositioning, "positioning of the last snapshot")
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = "gamma_daily"
        db_table_comment = "A session's dealer gamma per underlying."
        verbose_name, verbose_name_plural = "daily gamma", "daily gamma"
        constraints = [
            columns.unique("gamma_daily", "symbol", "date"),
            columns.one_of("gamma_daily", "dealer_positioning", DealerPositioning),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"


class ContractSizeDay(models.Model):
    """Grain: one underlying, one session of all trades seen. Key: (symbol, date). Kept 90 days.

    Source of the mean and the 95th percentile of sizes over 20 sessions, which classify blocks and large trades. Trades
    too small to be stored are counted too.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    trades = columns.big_count("trades seen; trades", null=False)
    contracts = columns.big_count("size of the trades seen; contracts", null=False)
    size_counts = columns.big_counts(
        "trades seen by size, one number per bin of quant.trades.sizes; trades", null=True, blank=True
    )

    class Meta:
        db_table = "contract_size_daily"
        db_table_comment = "Trades and contracts seen per underlying and session."
        verbose_name, verbose_name_plural = "daily contract size", "daily contract sizes"
        constraints = [columns.unique("contract_size_daily", "symbol", "date")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"
