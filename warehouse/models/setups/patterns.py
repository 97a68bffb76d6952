"""The pattern library, and the sessions on which a pattern matched."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import PatternStatus

TABLE, MATCHES = "pattern_library", "pattern_matches"


class Pattern(models.Model):
    """Grain: one pattern. Key: (name). Edited in the admin; never deleted automatically.

    The win rate is that of the signals of a backtest on whose bar the conditions held. It is filled by a backtest
    alone, and null until then; edited conditions have none.
    """

    id = columns.row_id()
    name = columns.text("name, in small letters with underscores; no unit", null=False)
    description = columns.text("what it looks for, in one sentence; no unit", null=False)
    conditions = columns.json("conditions over the fields of signals; no unit", null=False)
    status = columns.choice(PatternStatus, "whether it is evaluated", null=False)
    historical_win_rate = columns.real("share of wins in the backtest, null without one; 0 to 1")
    win_rate_low = columns.real("lower end of its 95 percent interval; 0 to 1")
    win_rate_high = columns.real("upper end of its 95 percent interval; 0 to 1")
    sample_size = columns.count("outcomes of the backtest, null without one; outcomes")
    chance_win_rate = columns.real("share of wins of random entries with the same exits; 0 to 1")
    verdict = columns.text("whether its expectancy differs from that of random entries; no unit")
    by_regime = columns.json("win rate, interval, chance and outcomes by market regime; 0 to 1")
    favorable_regimes = columns.texts(
        "market regimes with at least 30 outcomes whose expectancy is above chance; no unit",
        default=list,
        blank=True,
    )
    avg_duration_hours = columns.real("mean time from entry to exit, null without a backtest; hours")
    avg_profit_target_pct = columns.real(
        "mean distance of the first target from the entry; percent of the entry"
    )
    backtest = models.ForeignKey(
        "warehouse.Backtest",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="measured_patterns",
        db_comment="the backtest that filled its rates, null without one or if it was deleted; no unit",
    )

    class Meta:
        db_table = TABLE
        db_table_comment = "Patterns over the fields of signals, with win rates of backtests."
        verbose_name, verbose_name_plural = "pattern", "pattern library"
        ordering = ["name"]
        constraints = [
            columns.unique(TABLE, "name"),
            columns.one_of(TABLE, "status", PatternStatus),
            columns.fraction(TABLE, "historical_win_rate"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class PatternMatch(models.Model):
    """Grain: the first match of a pattern in a session. Key: (symbol, pattern_id, date). Kept five years."""

    id = columns.row_id()
    pattern = models.ForeignKey(
        Pattern, models.CASCADE, db_index=False, related_name="matches", db_comment="the pattern; no unit"
    )
    symbol = columns.underlying()
    date = columns.day("session of the match")
    bar_end = columns.epoch_ms("end of the bar on which it matched first")
    values = columns.json("fields of the conditions with their values; units of the fields", null=False)
    known_at = columns.known_at()

    class Meta:
        db_table = MATCHES
        db_table_comment = "First match of each pattern per symbol and session."
        verbose_name, verbose_name_plural = "pattern match", "pattern matches"
        indexes = [models.Index(fields=["bar_end", "id"], name="pattern_matches_newest_idx")]
        constraints = [columns.unique(MATCHES, "symbol", "pattern", "date")]

    def __str__(self) -> str:
        return f"{self.symbol}, {self.date}"
