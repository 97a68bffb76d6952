"""Implied volatility per session: its rank in the past year, its surface and term structure, and known events."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import (
    IvRecommendation,
    IvRegime,
    IvTrend,
    RealizedStatus,
    StripCut,
    SurfaceDelta,
    VarianceStatus,
)

TABLE = "iv_percentile_cache"
SURFACE, TERM = "iv_surface_daily", "iv_term_daily"


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


class SurfacePoint(models.Model):
    """Grain: one underlying, one session, one tenor, one delta. Written after the close; kept five years.

    Key: (symbol, date, tenor_days, delta). A point without a volatility has a reason.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    tenor_days = columns.count("constant maturity; calendar days", null=False)
    delta = columns.choice(
        SurfaceDelta, "delta of the forward, of puts (P), calls (C) or both (50)", null=False
    )
    iv = columns.real("volatility on the SVI smiles; fraction per year")
    cubic_iv = columns.real("volatility on the cubic smiles; fraction per year")
    strike = columns.money("strike with this delta at the forward of the tenor; dollars or index points")
    reason = columns.text("why iv is null; no unit")
    rmse = columns.real("larger error of the two smiles around the tenor; fraction per year")
    n_quotes = columns.count("quotes of both smiles; quotes", null=False)
    curves_disagree = columns.flag("iv and cubic_iv differ by more than one point, or there is no cubic_iv")
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = SURFACE
        db_table_comment = "Implied volatility at constant maturities and deltas per session."
        verbose_name, verbose_name_plural = "surface point", "volatility surfaces"
        constraints = [
            columns.unique(SURFACE, "symbol", "date", "tenor_days", "delta"),
            columns.one_of(SURFACE, "delta", SurfaceDelta),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date} {self.tenor_days} d {self.delta}"


class TermDay(models.Model):
    """Grain: one underlying, one session. Key: (symbol, date). Written after the close; kept five years.

    Arrays have one element per element of `tenor_days`.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    date = columns.day("session")
    tenor_days = columns.big_counts("constant maturities; calendar days")
    at_the_money = columns.reals("volatility at the forward by tenor; fraction per year")
    reason = columns.texts("why an element of at_the_money is null, empty where it is not; no unit")
    forward_variance = columns.reals("variance between the tenor before and this one; variance per year")
    forward_volatility = columns.reals("its root, null where it is negative; fraction per year")
    ex_event = columns.reals("at_the_money without the known events before the tenor; fraction per year")
    ex_event_reason = columns.texts("why an element of ex_event is null, empty where it is not; no unit")
    skew_25d_put_minus_call = columns.real("30-day 25-delta put IV minus call IV; fraction per year")
    butterfly_25d = columns.real("30-day mean of both 25-delta IVs minus at the money; fraction per year")
    slope = columns.real("60-day minus 30-day volatility at the forward; fraction per year")
    skew_index = columns.real("30-day skewness by Cboe's method of SKEW; index points")
    event_variance = columns.real("variance of the move of one known event; fraction squared")
    implied_move = columns.real("one standard deviation of that move; fraction of the price")
    base_volatility = columns.real("volatility without the event; fraction per year")
    event_reason = columns.text("why implied_move is null; no unit")
    settlements = columns.count("settlements with a smile; settlements", null=False)
    refused = columns.count("settlements with quotes but without a smile; settlements", null=False)
    worst_rmse = columns.real("largest error of the smiles of at_the_money; fraction per year")
    butterflies = columns.count("points with butterfly arbitrage between the quotes; points", null=False)
    calendars = columns.count("points with calendar arbitrage; points", null=False)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = TERM
        db_table_comment = "Term structure of implied volatility per session, with skew and events."
        verbose_name, verbose_name_plural = "term structure", "term structures"
        constraints = [columns.unique(TERM, "symbol", "date")]

    def __str__(self) -> str:
        return f"{self.symbol} {self.date}"
