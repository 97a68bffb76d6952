"""Snapshots and trades in short: one row per underlying and 15 minutes, kept longer than the rows they come from."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import DealerPositioning, ExpectedBehavior, FlipStatus, OpenInterestSource
from warehouse.models.gamma import GammaScalars
from warehouse.models.side_coverage import SideCoverage


class GammaSlot(GammaScalars):
    """Grain: one gamma snapshot without its tables by strike. Key: (symbol, timestamp). Kept two years.

    Written in the transaction of the snapshot.
    """

    class Meta:
        db_table = "gamma_slots"
        db_table_comment = (
            "Dealer gamma exposure of one underlying's chain per slot, without the values by strike."
        )
        verbose_name = "gamma of a slot"
        verbose_name_plural = "gamma by slot"
        indexes = [models.Index(fields=["timestamp", "id"], name="gamma_slots_time_idx")]
        constraints = [
            columns.unique("gamma_slots", "symbol", "timestamp"),
            columns.known_since_timestamp("gamma_slots"),
            columns.one_of("gamma_slots", "dealer_positioning", DealerPositioning),
            columns.one_of("gamma_slots", "expected_behavior", ExpectedBehavior),
            columns.one_of("gamma_slots", "flip_status", FlipStatus),
            columns.one_of("gamma_slots", "oi_source", OpenInterestSource),
            columns.fraction("gamma_slots", "usable_share"),
            columns.fraction("gamma_slots", "pin_share"),
        ]


class FlowSlot(SideCoverage):
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
    premium_unknown = columns.big_count(
        "trades of unknown premium, which the premiums leave out; trades", null=False, db_default=0
    )
    sweeps = columns.big_count("sweeps, each counted once; sweeps", null=False)
    bullish_sweeps = columns.big_count("sweeps of which more premium is BULLISH; sweeps", null=False)
    bearish_sweeps = columns.big_count("sweeps of which more premium is BEARISH; sweeps", null=False)
    call_sweeps = columns.big_count("sweeps of calls, null in older rows; sweeps")
    blocks = columns.big_count("blocks; trades", null=False)
    unusual = columns.big_count("trades flagged as unusual; trades", null=False)
    big_premium = columns.money("premium of sweeps, blocks and large trades; dollars")
    aggressive_premium = columns.money("premium of AGGRESSIVE trades; dollars")
    sweep_premium = columns.money("premium of all sweeps; dollars")
    sided_sweep_premium = columns.money("premium of the trades of sweeps with a known side; dollars")
    bullish_sweep_premium = columns.money("premium of sweeps of which more premium is BULLISH; dollars")
    bearish_sweep_premium = columns.money("premium of sweeps of which more premium is BEARISH; dollars")
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = "flow_slots"
        db_table_comment = "Sums of the trades of 15 minutes per underlying, cancels left out."
        verbose_name = "flow of a slot"
        verbose_name_plural = "flow by slot"
        indexes = [models.Index(fields=["timestamp", "id"], name="flow_slots_time_idx")]
        constraints = [
            columns.unique("flow_slots", "symbol", "timestamp"),
            columns.known_since_timestamp("flow_slots"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol}, {clock.new_york_text(self.timestamp)}"
