"""Dealer gamma exposure of a whole chain."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import (
    DealerPositioning,
    ExpectedBehavior,
    ExpirationBucket,
    FlipStatus,
    OpenInterestSource,
    SpotSource,
)

TABLE = "gamma_exposure_snapshots"
BY_EXPIRATION = "gamma_by_expiration"
GAMMA_UNIT = "dollars per 1 percent move of spot"


class GammaScalars(models.Model):
    """Columns of a gamma snapshot with one value each."""

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("slot of the snapshot")
    underlying_price = columns.money("spot; dollars or index points")
    total_gamma = columns.money(f"net dealer gamma, calls plus, puts minus; {GAMMA_UNIT}")
    call_gamma = columns.money(f"gamma of calls, positive; {GAMMA_UNIT}")
    put_gamma = columns.money(f"gamma of puts, negative; {GAMMA_UNIT}")
    gross_gamma = columns.money(f"sum of the absolute gamma of contracts; {GAMMA_UNIT}")
    dealer_positioning = columns.choice(DealerPositioning, "sign of net over gross gamma")
    expected_behavior = columns.choice(ExpectedBehavior, "behavior that dealers' hedging suggests")
    gamma_wall_resistance = columns.money(
        "strike above spot with the largest net gamma; dollars or index points"
    )
    gamma_wall_support = columns.money(
        "strike below spot with the largest net gamma; dollars or index points"
    )
    call_wall = columns.money("strike with the largest call gamma; dollars or index points")
    put_wall = columns.money("strike with the largest put gamma; dollars or index points")
    gamma_flip = columns.money("zero of the repriced profile nearest to spot; dollars or index points")
    flip_status = columns.choice(
        FlipStatus, "why gamma_flip is present or null, null in rows of method gamma-1"
    )
    distance_to_resistance_pct = columns.real("distance from spot to resistance; percent of spot")
    distance_to_support_pct = columns.real("distance from spot to support; percent of spot")
    put_call_oi_ratio = columns.real("open interest of puts over calls; ratio")
    put_call_volume_ratio = columns.real("volume of the day of puts over calls; ratio")
    signs_agree = columns.flag_if_known(
        "whether naive, volume-weighted and own gamma have one sign, null if one is unknown"
    )
    naive_flips = columns.reals("zeros of the naive profile; dollars or index points", null=True, blank=True)
    volume_flips = columns.reals(
        "zeros of the volume-weighted profile; dollars or index points", null=True, blank=True
    )
    own_flips = columns.reals(
        "zeros of the profile of our own gamma; dollars or index points", null=True, blank=True
    )
    largest_net_strike = columns.money("strike with the largest absolute net gamma; dollars or index points")
    usable_share = columns.real("share of open interest with a usable gamma; 0 to 1")
    settles_today = columns.flag_if_known("whether contracts expire on the day of the slot, null if unknown")
    pin_strike = columns.money(
        "strike with the largest open interest times gamma of contracts that settle at the close of the day,"
        " null without one; dollars or index points"
    )
    pin_open_interest = columns.real("open interest at pin_strike of those contracts; contracts")
    pin_share = columns.real("share of pin_strike in open interest times gamma of those contracts; 0 to 1")
    oi_source = columns.choice(OpenInterestSource, "source of open interest", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.symbol}, {clock.new_york_text(self.timestamp)}"


class GammaExposure(GammaScalars):
    """Grain: one chain at one slot. Key: (symbol, timestamp). Kept 90 days.

    Written in the transaction of its chain. Computed from the whole chain, also when the watchlist stores only a band
    of strikes. The columns from `measured_contracts` on are the inputs that no row of historical_greeks has, so that a
    snapshot can be recomputed; they are null in rows from before these columns existed.
    """

    flip_points = columns.json("all zeros of the repriced profile; list of dollars or index points")
    gamma_by_strike = columns.json(f"gamma by strike, net and its parts; {GAMMA_UNIT}")
    oi_by_strike = columns.json("open interest by strike; contracts")
    sensitivity = columns.json(f"net gamma and flips under each other convention; {GAMMA_UNIT}, points")
    measured_contracts = columns.count("contracts of the chain, adjusted ones included; contracts")
    spot_source = columns.choice(SpotSource, "source of underlying_price")
    median_gross_gamma = columns.real(
        f"median gross gamma of 20 sessions it was compared with, null without one; {GAMMA_UNIT}"
    )
    vix_level = columns.real("newest VIX known at the slot, null if unknown; index points")
    data_delay_ms = columns.big_count("delay of the provider's data; milliseconds")
    multipliers = columns.json(
        "multipliers other than 100 by contract ticker, in rows from before historical_greeks.multiplier;"
        " shares per contract"
    )

    class Meta:
        db_table = TABLE
        db_table_comment = "Dealer gamma exposure of one underlying's chain per slot."
        verbose_name = "gamma exposure snapshot"
        indexes = [models.Index(fields=["timestamp", "id"], name="gamma_exposure_time_idx")]
        constraints = [
            columns.unique(TABLE, "symbol", "timestamp"),
            columns.known_since_timestamp(TABLE),
            columns.one_of(TABLE, "dealer_positioning", DealerPositioning),
            columns.one_of(TABLE, "expected_behavior", ExpectedBehavior),
            columns.one_of(TABLE, "flip_status", FlipStatus),
            columns.one_of(TABLE, "oi_source", OpenInterestSource),
            columns.one_of(TABLE, "spot_source", SpotSource),
            columns.fraction(TABLE, "usable_share"),
            columns.fraction(TABLE, "pin_share"),
        ]


class ExpirationGamma(models.Model):
    """Grain: one settlement of a chain at one slot. Key: (symbol, timestamp, root, expiration). Kept 90 days.

    Written in the transaction of its gamma snapshot, from the same contracts and weights. The sign is the naive one.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("slot of the snapshot")
    root = columns.key("root of the contracts: SPX, SPXW; no unit")
    expiration = columns.day("expiration of the contracts")
    dte = columns.count("days to expiration; calendar days", null=False)
    bucket = columns.choice(ExpirationBucket, "class of dte", null=False)
    contracts = columns.count("contracts that are not settled; contracts", null=False)
    net_gamma = columns.money(f"net dealer gamma, calls plus, puts minus; {GAMMA_UNIT}")
    call_gamma = columns.money(f"gamma of calls, positive; {GAMMA_UNIT}")
    put_gamma = columns.money(f"gamma of puts, negative; {GAMMA_UNIT}")
    delta_exposure = columns.money("delta of dealers in dollars of the underlying; dollars")
    vanna_exposure = columns.money("change of delta_exposure; dollars per percentage point of volatility")
    charm_exposure = columns.money("change of delta_exposure; dollars per calendar day")
    call_open_interest = columns.big_count("open interest of calls; contracts")
    put_open_interest = columns.big_count("open interest of puts; contracts")
    call_volume = columns.big_count("volume of the day of calls; contracts")
    put_volume = columns.big_count("volume of the day of puts; contracts")
    max_pain = columns.money("strike with the smallest payout to holders; dollars or index points")
    oi_source = columns.choice(OpenInterestSource, "source of the weights", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = BY_EXPIRATION
        db_table_comment = "Dealer exposure, open interest and volume of one settlement of a chain per slot."
        verbose_name, verbose_name_plural = "gamma of an expiration", "gamma by expiration"
        indexes = [models.Index(fields=["timestamp", "id"], name="gamma_by_expiration_time_idx")]
        constraints = [
            columns.unique(BY_EXPIRATION, "symbol", "timestamp", "root", "expiration"),
            columns.known_since_timestamp(BY_EXPIRATION),
            columns.one_of(BY_EXPIRATION, "bucket", ExpirationBucket),
            columns.one_of(BY_EXPIRATION, "oi_source", OpenInterestSource),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.root} {self.expiration}, {clock.new_york_text(self.timestamp)}"
