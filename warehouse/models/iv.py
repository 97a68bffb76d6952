"""Implied volatility per session with its rank in the past year."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import (
    IvRecommendation,
    IvRegime,
    IvTrend,
    RealizedStatus,
    StripCut,
    VarianceStatus,
)

TABLE = "iv_percentile_cache"


class IvPercentile(models.Model):
    """Grain: one underlying, one session. Key: (symbol, date). Written after the close; kept two years.

    The percentile of a year reads 252 rows of this table and no chains. Rank, percentile and the columns derived from
    them are null until the series is long enough.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    current_iv = columns.real("at-the-money implied volatility at constant maturity; fraction per year")
    iv_rank = columns.real("(current - low) / (high - low) over 52 weeks; fraction 0 to 1")
    iv_percentile = columns.real("share of the past 52 weeks' sessions below current_iv; fraction 0 to 1")
    iv_regime = columns.choice(IvRegime, "class of iv_percentile")
    iv_52w_high = columns.real("highest current_iv of 52 weeks; fraction per year")
    iv_52w_low = columns.real("lowest current_iv of 52 weeks; fraction per year")
    iv_trend = columns.choice(IvTrend, "mean of 5 sessions against mean of 20")
    data_points = columns.count("past sessions used for the ranks; sessions", null=False)
    is_provisional = columns.flag("fewer past sessions than a final percentile needs", default=True)
    recommendation = columns.choice(IvRecommendation, "what the percentile suggests")
    risk_reversal_25d = columns.real("30-day 25-delta put IV minus call IV; fraction per year")
    term_slope = columns.real("60-day IV minus 30-day IV; fraction per year")
    expected_move = columns.money("one standard deviation of spot over 30 days; dollars or index points")
    variance_index = columns.real(
        "30-day volatility of Cboe's VIX method, from all strikes; fraction per year"
    )
    variance_status = columns.choice(
        VarianceStatus, "quality of variance_index, or why it is null; null in older rows"
    )
    variance_quotes = columns.count("quotes used in both strips; quotes")
    variance_lowest_strike = columns.money("lowest strike that both strips reach; dollars or index points")
    variance_highest_strike = columns.money("highest strike that both strips reach; dollars or index points")
    variance_low_cut = columns.choice(StripCut, "why the strip ends at the lowest strike")
    variance_high_cut = columns.choice(StripCut, "why the strip ends at the highest strike")
    variance_truncation = columns.real(
        "what the missing tails would add to variance_index at the last strikes' volatility; fraction per year"
    )
    realized_volatility_20d = columns.real("Yang-Zhang volatility of 20 sessions; fraction per year")
    realized_status = columns.choice(
        RealizedStatus, "why realized_volatility_20d is present or null; null in older rows"
    )
    variance_risk_premium = columns.real(
        "variance_index squared minus realized_volatility_20d squared; variance per year"
    )
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "At-the-money implied volatility per session with its rank in the past year."
        verbose_name, verbose_name_plural = "IV percentile", "IV percentiles"
        constraints = [
            columns.unique(TABLE, "symbol", "date"),
            columns.one_of(TABLE, "iv_regime", IvRegime),
            columns.one_of(TABLE, "iv_trend", IvTrend),
            columns.one_of(TABLE, "recommendation", IvRecommendation),
            columns.one_of(TABLE, "variance_status", VarianceStatus),
            columns.one_of(TABLE, "variance_low_cut", StripCut),
            columns.one_of(TABLE, "variance_high_cut", StripCut),
            columns.one_of(TABLE, "realized_status", RealizedStatus),
            columns.fraction(TABLE, "iv_rank"),
            columns.fraction(TABLE, "iv_percentile"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"
