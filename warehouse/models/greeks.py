"""Option chains with greeks, and the forwards they are priced with, every slot of the session."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import (
    ExerciseStyle,
    ForwardQuality,
    GreeksSource,
    IvStatus,
    OptionType,
    RateSource,
    Source,
)

TABLE, CURVE = "historical_greeks", "expiration_curve"


class HistoricalGreeks(models.Model):
    """Grain: one contract at one slot. Key: (symbol, timestamp, contract_ticker), the database primary key.

    Written by chain ingestion and backfill through `warehouse.loading.bulk`. Weekly partitions from Monday 00:00 UTC,
    kept one year. `id` is the primary key in Django only, because its admin does not support composite keys.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("slot of the snapshot")
    contract_ticker = columns.key("contract ticker, O:SPXW251219C06475000; no unit")
    option_type = columns.choice(OptionType, "call or put", null=False)
    strike = columns.money("strike price; dollars, index points for an index", null=False)
    expiration = columns.day("expiration day")
    multiplier = columns.count(
        "deliverable, null in rows from before the column and where it is unknown; shares per contract"
    )
    dte = columns.count("calendar days from the slot's New York date to expiration; days", null=False)
    underlying_price = columns.money("spot the row was computed with; dollars or index points")
    bid = columns.money("best bid; dollars per share")
    ask = columns.money("best offer; dollars per share")
    last = columns.money("last trade; dollars per share")
    volume = columns.count("volume of the day so far; contracts")
    open_interest = columns.count("open interest of the previous session; contracts")
    delta = columns.real("change of the premium per dollar of spot; dollars per dollar")
    gamma = columns.real("change of delta per dollar of spot; per dollar")
    theta = columns.real("change of the premium per calendar day (1/365 year); dollars per share and day")
    vega = columns.real("change of the premium per point of volatility (0.01); dollars per share")
    rho = columns.real("change of the premium per point of the rate (0.01); dollars per share")
    implied_volatility = columns.real("implied volatility per year; fraction, 0.18 is 18 percent")
    iv_status = columns.choice(IvStatus, "reason why implied_volatility is present or null", null=False)
    greeks_source = columns.choice(GreeksSource, "source of delta and gamma, null when absent")
    source = columns.choice(Source, "origin of the row", null=False)
    fetched_at = columns.epoch_ms("when the snapshot was fetched")
    method_version = columns.method_version()
    known_at = columns.known_at(large=True)

    class Meta:
        db_table = TABLE
        db_table_comment = "Option chains with greeks and implied volatility, one row per contract and slot."
        verbose_name = verbose_name_plural = "historical greeks"
        constraints = [
            columns.unique(TABLE, "symbol", "timestamp", "contract_ticker"),
            columns.one_of(TABLE, "option_type", OptionType),
            columns.one_of(TABLE, "iv_status", IvStatus),
            columns.one_of(TABLE, "greeks_source", GreeksSource),
            columns.one_of(TABLE, "source", Source),
            columns.known_since_timestamp(TABLE),
        ]

    def __str__(self) -> str:
        return f"{self.contract_ticker}, {clock.new_york_text(self.timestamp)}"


class ExpirationCurve(models.Model):
    """Grain: one expiration of one root at one slot. Key: (symbol, timestamp, root, expiration). Kept two years.

    Written in the transaction of its chain, from the standard contracts. The rates of SPX are the curve of dollar rates
    of all other symbols.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("slot of the chain")
    root = columns.key("option root, SPX or SPXW; no unit")
    expiration = columns.day("expiration day")
    exercise_style = columns.choice(
        ExerciseStyle, "by which the contracts of the expiration were priced", null=False
    )
    forward = columns.real("price of the underlying for delivery at settlement; dollars or index points")
    forward_error = columns.real(
        "standard error of the forward, null if it is not from its own quotes; dollars or points"
    )
    rate = columns.real("interest rate until settlement, continuous; fraction per year", null=False)
    rate_source = columns.choice(
        RateSource,
        "own quotes, the curve of curve_timestamp, the flat rate of the settings, or trades",
        null=False,
    )
    curve_timestamp = columns.epoch_ms(
        "slot of the rate's curve, null for other sources", null=True, blank=True
    )
    implied_borrow = columns.real(
        "yield that explains the forward beside rate and declared dividends, continuous; fraction per year"
    )
    dividends = columns.real(
        "declared cash dividends that go ex until settlement, null if never fetched; dollars per share"
    )
    atm_volatility = columns.real("volatility at the forward, on the smile; fraction per year")
    total_variance = columns.real("atm_volatility squared times years to settlement; no unit")
    quotes_used = columns.count("strikes quoted on both sides that gave the forward; strikes", null=False)
    quality = columns.choice(
        ForwardQuality,
        "forward from its own quotes, one or two strikes, between other expirations, or without quotes",
        null=False,
    )
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = CURVE
        db_table_comment = "Forward, rate, borrow yield and at-the-money volatility by expiration and slot."
        verbose_name = verbose_name_plural = "expiration curve"
        indexes = [models.Index(fields=["timestamp", "id"], name="expiration_curve_time_idx")]
        constraints = [
            columns.unique(CURVE, "symbol", "timestamp", "root", "expiration"),
            columns.one_of(CURVE, "exercise_style", ExerciseStyle),
            columns.one_of(CURVE, "rate_source", RateSource),
            columns.one_of(CURVE, "quality", ForwardQuality),
            columns.known_since_timestamp(CURVE),
        ]

    def __str__(self) -> str:
        return f"{self.root} {self.expiration}, {clock.new_york_text(self.timestamp)}"
