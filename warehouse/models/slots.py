"""Snapshots and trades in short: one row per underlying and 15 minutes, kept longer than the rows they come from."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import DealerPositioning, ExpectedBehavior, OpenInterestSource
from warehouse.models.gamma import GAMMA_UNIT


class GammaSlot(models.Model):
    """Grain: one gamma snapshot without its tables by strike. Key: (symbol, timestamp). Kept two years.

    Written in the transaction of the snapshot.
    """

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
    distance_to_resistance_pct = columns.real("distance from spot to resistance; percent of spot")
    distance_to_support_pct = columns.real("distance from spot to support; percent of spot")
    put_call_oi_ratio = columns.real("open interest of puts over calls; ratio")
    put_call_volume_ratio = columns.real("volume of the day of puts over calls; ratio")
    oi_source = columns.choice(OpenInterestSource, "source of open interest", null=False)
    method_version = columns.method_version()

    class Meta:
        db_table = "gamma_slots"
        db_table_comment = (
            "Dealer gamma exposure of one underlying's chain per slot, without the values by strike."
        )
        verbose_name = "gamma of a slot"
        verbose_name_plural = "gamma by slot"
        constraints = [
            columns.unique("gamma_slots", "symbol", "timestamp"),
            columns.one_of("gamma_slots", "dealer_positioning", DealerPositioning),
            columns.one_of("gamma_slots", "expected_behavior", ExpectedBehavior),
            columns.one_of("gamma_slots", "oi_source", OpenInterestSource),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} at {self.timestamp}"


class FlowSlot(models.Model):
    """Grain: the trades of one underlying in the 15 minutes before a slot. Key: (symbol, timestamp). Kept two years.

    Cancels and canceled trades are not summed. There is no row without a trade.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timestamp = columns.epoch_ms("end of the 15 minutes, exclusive")
    trades = columns.big_count("trades; trades", null=False)
    contracts = columns.big_count("size of all trades; contracts", null=False)
    call_contracts = columns.big_count("size of call trades; contracts", null=False)
    put_contracts = columns.big_count("size of put trades; contracts", null=False)
    premium = columns.money("premium of all trades; dollars", null=False)
    call_premium = columns.money("premium of call trades; dollars", null=False)
    put_premium = columns.money("premium of put trades; dollars", null=False)
    bullish_premium = columns.money("premium of BULLISH trades; dollars", null=False)
    bearish_premium = columns.money("premium of BEARISH trades; dollars", null=False)
    sweeps = columns.big_count("sweeps; trades", null=False)
    bullish_sweeps = columns.big_count("BULLISH sweeps; trades", null=False)
    bearish_sweeps = columns.big_count("BEARISH sweeps; trades", null=False)
    blocks = columns.big_count("blocks; trades", null=False)
    unusual = columns.big_count("trades flagged as unusual; trades", null=False)
    method_version = columns.method_version()

    class Meta:
        db_table = "flow_slots"
        db_table_comment = "Sums of the trades of 15 minutes per underlying, cancels left out."
        verbose_name = "flow of a slot"
        verbose_name_plural = "flow by slot"
        constraints = [columns.unique("flow_slots", "symbol", "timestamp")]

    def __str__(self) -> str:
        return f"{self.symbol} at {self.timestamp}"
