"""Signals, and the steps of their lives."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns
from warehouse.models.enums import Direction, Disposition, SignalEventKind, SignalStyle

TABLE, EVENTS = "signals", "signal_events"
PRICE = "dollars or index points"
LENGTHS = ("15m", "1d")
ENDS = (
    SignalEventKind.TARGET_HIT,
    SignalEventKind.STOPPED,
    SignalEventKind.EXPIRED,
    SignalEventKind.DISMISSED,
    SignalEventKind.NO_DATA,
)


class Signal(models.Model):
    """Grain: one firing of a detector on a bar. Key: (symbol, timeframe, detector, direction, bar_end).

    Kept five years. Written once by the scanner and never changed; what becomes of it is in `signal_events`. Blocked
    firings and those below the minimum score are stored too.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    timeframe = columns.text("length of the bar, 15m or 1d; no unit", null=False)
    detector = columns.text("name of the detector; no unit", null=False)
    direction = columns.choice(Direction, "direction that is expected", null=False)
    bar_end = columns.epoch_ms("end of the bar on which the detector fired")
    evaluated_at = columns.epoch_ms("instant as of which the bar was evaluated")
    disposition = columns.choice(Disposition, "whether it counts as a signal", null=False)
    blocked_by = columns.texts("rules that block it; no unit", default=list, blank=True)
    family = columns.text("family of the detector; no unit", null=False)
    outcome_kind = columns.text("how its outcome is measured: session, pin or iv_change; no unit", null=False)
    reference_price = columns.real(f"close of the bar; {PRICE}")
    stop = columns.real(f"price of the stop, null without one; {PRICE}")
    targets = columns.reals(f"prices of the targets; {PRICE}", default=list, blank=True)
    prediction = columns.real("predicted change of volatility, of iv_crush only; percentage points")
    base_score = columns.real("score of the detector; points of 0 to 100", null=False)
    final_score = columns.real("score with the boosts of all engines; points of 0 to 100", null=False)
    confluence = columns.real("weighted mean of the five components, null without data; points of 0 to 100")
    scalp_score = columns.real("score for scalping; points of 0 to 100", null=False)
    day_score = columns.real("score for day trading; points of 0 to 100", null=False)
    swing_score = columns.real("score for swing trading; points of 0 to 100", null=False)
    style = columns.choice(SignalStyle, "style that it suits best", null=False)
    conditions = columns.json(
        "conditions of the detector, which all held, with the values of their features; units of the features"
    )
    factors = columns.json("factors of the base score with their weights; shares of 0 to 1", null=False)
    terms = columns.json("boosts of the engines with their reasons; points", null=False)
    components = columns.json(
        "components of the confluence with their checks; points of 0 to 100", null=False
    )
    contexts = columns.json("values of the engines with their times; units of the values", null=False)
    profile = columns.text("profile of the boosts; no unit", null=False)
    config_id = columns.big_count("row of confluence_configs whose weights were used, null for none; no unit")
    method_version = columns.method_version()
    known_at = columns.known_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "Firings of detectors with the whole breakdown of their scores."
        verbose_name = "signal"
        indexes = [
            models.Index(fields=["bar_end", "id"], name="signals_newest_idx"),
            models.Index(fields=["symbol", "bar_end", "id"], name="signals_of_symbol_idx"),
        ]
        constraints = [
            columns.unique(TABLE, "symbol", "timeframe", "detector", "direction", "bar_end"),
            columns.one_of(TABLE, "direction", Direction),
            columns.one_of(TABLE, "disposition", Disposition),
            columns.one_of(TABLE, "style", SignalStyle),
            models.CheckConstraint(
                condition=models.Q(evaluated_at__gte=models.F("bar_end")), name="signals_evaluated_after_bar"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.detector}, {clock.new_york_text(self.bar_end)}"


class SignalEvent(models.Model):
    """Grain: one step in the life of a signal. Key: (signal_id, kind, timestamp). Kept five years.

    A signal ends with one of TARGET_HIT, STOPPED, EXPIRED, DISMISSED and NO_DATA; after TARGET_HIT, TARGET_2 and
    TARGET_3 may follow. `details` of an end has the outcome: exit price, pnl, R, mfe, mae. That of a prediction of
    volatility has the contract, its volatility before and after, and the predicted and the actual change in points.
    """

    id = columns.row_id()
    signal = models.ForeignKey(
        Signal, models.CASCADE, db_index=False, related_name="events", db_comment="the signal; no unit"
    )
    symbol = columns.underlying()
    kind = columns.choice(SignalEventKind, "step", null=False)
    timestamp = columns.epoch_ms("when it happened")
    price = columns.real(f"price at which it happened, null without one; {PRICE}")
    reason = columns.text("reason, in words; no unit")
    details = columns.json("figures of the step; units of the figures")
    username = columns.text("who dismissed the signal, null for other steps; no unit")
    known_at = columns.known_at()

    class Meta:
        db_table = EVENTS
        db_table_comment = "Lifecycle of signals."
        verbose_name = "signal event"
        indexes = [
            models.Index(fields=["symbol", "timestamp"], name="signal_events_symbol_idx"),
            models.Index(fields=["timestamp", "id"], name="signal_events_newest_idx"),
            # A signal ends once, whoever notices it first.
            models.Index(fields=["signal"], name="signal_events_open_idx"),
        ]
        constraints = [
            columns.unique(EVENTS, "signal", "kind", "timestamp"),
            columns.one_of(EVENTS, "kind", SignalEventKind),
            models.UniqueConstraint(
                fields=["signal"],
                condition=models.Q(kind__in=[end.value for end in ENDS]),
                name="signal_events_one_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {clock.new_york_text(self.timestamp)}"
