"""Backtests, their symbols, and the outcomes of their firings."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import BacktestStatus, Direction, Disposition, OptionPriceSource

TABLE, SYMBOLS, OUTCOMES = "backtests", "backtest_symbols", "backtest_outcomes"
PRICE = "dollars or index points"


class Backtest(models.Model):
    """Grain: one backtest. Key: (id). Kept until a person deletes it, with its outcomes.

    `request` holds everything that decides the result, except the stored data; `fingerprint` and `code_version` name
    those and the code.
    """

    id = columns.row_id()
    status = columns.choice(BacktestStatus, "how far it is", null=False)
    request = columns.json("symbols, detectors, sessions, rules of trading, seed; no unit", null=False)
    symbols = columns.texts("symbols that it tests; no unit", default=list)
    timeframe = columns.text("length of the bars, 15m or 1d; no unit", null=False)
    first_session = columns.day("first session of the tested range")
    last_session = columns.day("last session of the tested range")
    made_by = columns.text("user or command that asked for it; no unit", null=False)
    created_at = columns.epoch_ms("when it was asked for")
    started_at = columns.epoch_ms("when the first worker began, null before", null=True, blank=True)
    finished_at = columns.epoch_ms("when it ended, null before", null=True, blank=True)
    outcomes = columns.count("firings with their outcomes, null before the end; outcomes")
    result = columns.json("statistics by detector and group, null before the end; units in the names")
    guards = columns.json("results of the checks that were asked for; no unit", null=False)
    fingerprint = columns.text("short name of the stored data that were read, null before the end; no unit")
    code_version = columns.text("short name of the code that computed it, null before the end; no unit")
    method_version = columns.method_version()
    error = columns.text("why it failed, in one sentence; no unit")

    class Meta:
        db_table = TABLE
        db_table_comment = "Backtests with their statistics."
        verbose_name = "backtest"
        constraints = [columns.one_of(TABLE, "status", BacktestStatus)]

    def __str__(self) -> str:
        return f"Backtest {self.id}"


class BacktestSymbol(models.Model):
    """Grain: one symbol of a backtest. Key: (backtest_id, symbol). Deleted with its backtest.

    Its outcomes are stored in the transaction that sets `finished_at`, so an interrupted symbol has none.
    """

    id = columns.row_id()
    backtest = models.ForeignKey(
        Backtest, models.CASCADE, db_index=False, related_name="parts", db_comment="the backtest; no unit"
    )
    symbol = columns.underlying()
    sessions = columns.count("sessions of the range; sessions", null=False)
    sessions_done = columns.count("sessions tested so far; sessions", null=False)
    touched_at = columns.epoch_ms("last sign of life of its worker, null before", null=True, blank=True)
    finished_at = columns.epoch_ms("when its outcomes were stored, null before", null=True, blank=True)
    seconds = columns.real("time that it took, null before the end; seconds")
    has_data = columns.json(
        "by detector, a digit per session: 1 where it could answer; null before the end; no unit"
    )
    no_data = columns.json("by detector, its bars without an answer by reason; null before the end; bars")
    fingerprint = columns.text("short name of the stored data that were read, null before the end; no unit")

    class Meta:
        db_table = SYMBOLS
        db_table_comment = "Symbols of backtests and how far they are."
        verbose_name = "symbol of a backtest"
        verbose_name_plural = "symbols of backtests"
        constraints = [columns.unique(SYMBOLS, "backtest", "symbol")]

    def __str__(self) -> str:
        return f"{self.symbol} of backtest {self.backtest_id}"


class BacktestOutcome(models.Model):
    """Grain: one firing of a detector in a backtest. Key: (backtest_id, symbol, detector, direction, bar_end).

    Deleted with its backtest. Prices are on the share basis of the session.
    """

    id = columns.row_id()
    backtest = models.ForeignKey(
        Backtest, models.CASCADE, db_index=False, related_name="rows", db_comment="the backtest; no unit"
    )
    symbol = columns.underlying()
    timeframe = columns.text("length of the bar, 15m or 1d; no unit", null=False)
    detector = columns.text("name of the detector; no unit", null=False)
    direction = columns.choice(Direction, "direction that is expected", null=False)
    session = columns.day("session of the bar")
    bar_end = columns.epoch_ms("end of the bar on which the detector fired")
    disposition = columns.choice(Disposition, "whether the scanner would count it as a signal", null=False)
    blocked_by = columns.texts("rules that block it; no unit", default=list, blank=True)
    outcome_kind = columns.text("how its outcome is measured: session, pin or iv_change; no unit", null=False)
    reference_price = columns.real(f"close of the bar; {PRICE}")
    stop = columns.real(f"price of the stop, null without one; {PRICE}")
    target = columns.real(f"price of the first target, null without one; {PRICE}")
    base_score = columns.real("score of the detector; points of 0 to 100", null=False)
    final_score = columns.real("score with the boosts of all engines; points of 0 to 100", null=False)
    confluence = columns.real("weighted mean of the five components, null without data; points of 0 to 100")
    terms = columns.json("boosts of the engines in points, that of the flow as a factor; points", null=False)
    components = columns.json("components of the confluence, null for one without data; points", null=False)
    followed = columns.count(
        "institutional score where the flow is to be followed, else null; points of 0 to 100"
    )
    patterns = columns.texts(
        "patterns of the library whose conditions held on the bar of a signal, empty for other firings; no unit",
        default=list,
        blank=True,
    )
    iv_rank = columns.real("rank of implied volatility in its year, null without data; 0 to 1")
    iv_percentile = columns.real(
        "share of sessions of its year with lower implied volatility, null without data; 0 to 1"
    )
    iv_regime = columns.text("regime of implied volatility, empty without data; no unit", null=False)
    market_regime = columns.text("regime of the market, empty without data; no unit", null=False)
    positioning = columns.text("positioning of dealers, empty without data; no unit", null=False)
    resistance = columns.real(f"wall of dealer gamma above the price, null without one; {PRICE}")
    support = columns.real(f"wall of dealer gamma below the price, null without one; {PRICE}")
    flow_alignment = columns.text(
        "option trades of four hours against the direction: aligned, opposed, neutral; empty without data; no unit",
        null=False,
    )
    end = columns.text("how it ended: TARGET_HIT, STOPPED, EXPIRED, NO_DATA, OPEN; no unit", null=False)
    reason = columns.text("why, in words, empty for none; no unit", null=False)
    entered_at = columns.epoch_ms("start of the minute of the entry, null without one", null=True, blank=True)
    entry = columns.real(f"price of the entry; {PRICE}")
    exited_at = columns.epoch_ms("end of the bar of the exit, null without one", null=True, blank=True)
    exit = columns.real(f"price of the exit; {PRICE}")
    pnl = columns.real("profit after costs; fraction of the entry")
    r = columns.real("profit after costs per distance from the reference price to the stop; no unit")
    mfe = columns.real("largest profit on the way, in the same unit as r; no unit")
    mae = columns.real("largest loss on the way, not positive, in the same unit as r; no unit")
    entry_drag = columns.real(
        "how much worse the entry is than the reference price, in the unit of r; no unit"
    )
    predicted = columns.real("predicted change of volatility, of iv_crush only; percentage points")
    actual = columns.real("change of volatility until a day later, of iv_crush only; percentage points")
    bars_held = columns.count("bars from the entry to the exit; bars", null=False)
    ambiguous = columns.flag("a stop in a bar that also held the target, without its minutes")
    entry_before_signal = columns.flag("entered at the open of a bar without minutes, before the signal")
    chance_r = columns.real("mean of r of random entries, null without any; no unit")
    chance_deviation = columns.real("standard deviation of r of random entries, null without any; no unit")
    chance_win_rate = columns.real("share of random entries with a profit; 0 to 1")
    chance_hit_rate = columns.real("share of random entries that reach the target; 0 to 1")
    exit_minute = columns.epoch_ms(
        "start of the minute that reached the exit, the bar's end for an exit at the end of the time, null if unknown",
        null=True,
        blank=True,
    )
    option_contract = columns.text(
        "contract that is bought in place of the underlying, null without one; no unit"
    )
    option_entry = columns.real("price paid for it, half of the spread included; dollars per share")
    option_exit = columns.real("price got for it, half of the spread deducted; dollars per share")
    option_pnl = columns.real("profit of the option after costs; fraction of the premium paid")
    option_entry_source = columns.choice(OptionPriceSource, "where the price of the entry comes from")
    option_exit_source = columns.choice(OptionPriceSource, "where the price of the exit comes from")
    option_modelled = columns.flag_if_known("at least one of the two prices is that of a model")
    option_reason = columns.text(
        "why it has no option trade, empty where it has one, null if not asked for; no unit"
    )
    exits = columns.json(
        "outcome for each variant of the exits, null if not asked for; units as in the columns"
    )

    class Meta:
        db_table = OUTCOMES
        db_table_comment = "Outcomes of the firings of backtests."
        verbose_name = "outcome of a backtest"
        verbose_name_plural = "outcomes of backtests"
        constraints = [
            columns.unique(OUTCOMES, "backtest", "symbol", "detector", "direction", "bar_end"),
            columns.one_of(OUTCOMES, "direction", Direction),
            columns.one_of(OUTCOMES, "disposition", Disposition),
            columns.one_of(OUTCOMES, "option_entry_source", OptionPriceSource),
            columns.one_of(OUTCOMES, "option_exit_source", OptionPriceSource),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.detector} of backtest {self.backtest_id}"
