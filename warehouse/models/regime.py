"""The market regime of each session."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import (
    BreadthRegime,
    MarketRegime,
    PutCallRegime,
    PutCallStatus,
    TermStructure,
    VixRegime,
    VixSource,
)

TABLE = "market_regime_history"


class MarketRegimeDay(models.Model):
    """Grain: one session. Key: (date). Written after the close; kept five years.

    Contains the inputs of the regime. A missing input is null, listed in `missing_inputs`, and lowers the confidence.
    """

    id = columns.row_id()
    date = columns.day("session")
    vix_level = columns.money("VIX of the session, by vix_source; index points")
    vix_source = columns.choice(VixSource, "source of vix_level, null in rows of method regime-1")
    vix_regime = columns.choice(VixRegime, "class of vix_level")
    breadth_regime = columns.choice(BreadthRegime, "class of the breadth votes")
    market_regime = columns.choice(MarketRegime, "overall class of the session")
    confidence_score = columns.real("confidence in market_regime; 0 to 100")
    spy_close = columns.money("SPY at the close; dollars")
    ndx_close = columns.money("NDX at the close; index points")
    put_call_ratio_total = columns.real("volume of puts over calls of the tracked chains; ratio")
    put_call_regime = columns.choice(PutCallRegime, "class of the mean percentile of the kinds")
    put_call_ratio_index = columns.real("volume of puts over calls of the tracked chains of indices; ratio")
    put_call_percentile_index = columns.real(
        "share of the last 252 sessions with a lower put_call_ratio_index; fraction 0 to 1"
    )
    put_call_regime_index = columns.choice(PutCallRegime, "class of put_call_percentile_index")
    put_call_status_index = columns.choice(PutCallStatus, "why put_call_percentile_index is present or null")
    put_call_ratio_etf = columns.real("volume of puts over calls of the tracked chains of ETFs; ratio")
    put_call_percentile_etf = columns.real(
        "share of the last 252 sessions with a lower put_call_ratio_etf; fraction 0 to 1"
    )
    put_call_regime_etf = columns.choice(PutCallRegime, "class of put_call_percentile_etf")
    put_call_status_etf = columns.choice(PutCallStatus, "why put_call_percentile_etf is present or null")
    put_call_ratio_stock = columns.real("volume of puts over calls of the tracked chains of stocks; ratio")
    put_call_percentile_stock = columns.real(
        "share of the last 252 sessions with a lower put_call_ratio_stock; fraction 0 to 1"
    )
    put_call_regime_stock = columns.choice(PutCallRegime, "class of put_call_percentile_stock")
    put_call_status_stock = columns.choice(PutCallStatus, "why put_call_percentile_stock is present or null")
    rut_close = columns.money("RUT at the close; index points")
    qqq_close = columns.money("QQQ at the close; dollars")
    iwm_close = columns.money("IWM at the close; dollars")
    vix3m_level = columns.money("VIX3M at the close; index points")
    term_spread = columns.real("(VIX3M - VIX) / VIX x 100; percent")
    term_structure = columns.choice(TermStructure, "class of term_spread")
    tick = columns.real("NYSE TICK at the close; issues")
    advancers = columns.count("issues that closed higher; issues")
    decliners = columns.count("issues that closed lower; issues")
    new_highs = columns.count("issues at a 52-week high; issues")
    new_lows = columns.count("issues at a 52-week low; issues")
    above_50d = columns.real("share of issues above their mean of 50 sessions; fraction 0 to 1")
    correlation_spy_qqq = columns.real("correlation of 20 daily log returns; -1 to 1")
    correlation_spy_iwm = columns.real("correlation of 20 daily log returns; -1 to 1")
    spy_sma20 = columns.real("SPY mean of 20 closes; dollars")
    spy_sma50 = columns.real("SPY mean of 50 closes; dollars")
    spy_sma200 = columns.real("SPY mean of 200 closes; dollars")
    spy_adx14 = columns.real("SPY average directional index over 14 sessions; 0 to 100")
    spy_chop14 = columns.real("SPY choppiness index over 14 sessions; 0 in a trend, about 100 without")
    spy_atr14 = columns.real("SPY average true range over 14 sessions; dollars")
    spy_rsi14 = columns.real("SPY relative strength index over 14 sessions; 0 to 100")
    spy_return_1d = columns.real("SPY return of the session; fraction")
    spy_return_20d = columns.real("SPY return over 20 sessions; fraction")
    spy_volume_ratio = columns.real("SPY volume over its mean of 20 sessions; ratio")
    missing_inputs = columns.texts("inputs that were missing; names", default=list, blank=True)
    method_version = columns.method_version()
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = TABLE
        db_table_comment = "Market regime of each session with its inputs."
        verbose_name, verbose_name_plural = "market regime", "market regime history"
        constraints = [
            columns.unique(TABLE, "date"),
            columns.one_of(TABLE, "vix_regime", VixRegime),
            columns.one_of(TABLE, "breadth_regime", BreadthRegime),
            columns.one_of(TABLE, "market_regime", MarketRegime),
            columns.one_of(TABLE, "term_structure", TermStructure),
            columns.one_of(TABLE, "vix_source", VixSource),
            columns.one_of(TABLE, "put_call_regime", PutCallRegime),
            columns.one_of(TABLE, "put_call_regime_index", PutCallRegime),
            columns.one_of(TABLE, "put_call_status_index", PutCallStatus),
            columns.fraction(TABLE, "put_call_percentile_index"),
            columns.one_of(TABLE, "put_call_regime_etf", PutCallRegime),
            columns.one_of(TABLE, "put_call_status_etf", PutCallStatus),
            columns.fraction(TABLE, "put_call_percentile_etf"),
            columns.one_of(TABLE, "put_call_regime_stock", PutCallRegime),
            columns.one_of(TABLE, "put_call_status_stock", PutCallStatus),
            columns.fraction(TABLE, "put_call_percentile_stock"),
            columns.fraction(TABLE, "above_50d"),
            models.CheckConstraint(
                condition=models.Q(confidence_score__gte=0.0, confidence_score__lte=100.0),
                name=f"{TABLE}_confidence_score_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.date)
