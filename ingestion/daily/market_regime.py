"""Market regime of a closed session: ten regimes by ordered rules, stored with every input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.bars.bar_times import close_ms
from ingestion.bars.daily_bars_window import YEAR_SESSIONS
from ingestion.chains.compute import finite
from ingestion.daily.regime_inputs import STORED_ONLY, UNCACHED, MarketDay, Readers, read_inputs
from ingestion.provider_client import massive_client
from provider.connection import Connect
from provider.errors import ProviderError
from quant import sessions
from quant.market import market_regime
from quant.market.market_regime import MarketInputs, MarketRegime
from quant.volatility.term_structure import term_structure
from warehouse import clock, runs
from warehouse.asof import regime as regime_reader
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import MarketRegimeDay
from warehouse.task_names import RunTask

PATIENCE = timedelta(hours=3)  # after the close; afterwards a missing bar is treated as unavailable
_NAMED_WHEN_MISSING = ("vix3m_level", "ndx_close", "rut_close", "qqq_close", "iwm_close")
# Series of bars, as `MarketDay.unfinished` names them, and a column that is known when the last bar is.
_STORED_AS = {"SPY": "spy_close", "QQQ": "qqq_close", "IWM": "iwm_close", "all stocks": "advancers"}


class InputsGone(Exception):
    """Inputs of a stored row are no longer stored."""


class NotYet(Exception):
    """The provider has not finished the session's bars; the run is repeated soon."""


@dataclass(frozen=True, slots=True)
class MarketRegimeResult:
    """Result of one session.

    `stored` is false when another run has or had this job, or when it failed; `detail` is the reason.
    """

    date: date
    stored: bool
    market_regime: str | None = None
    vix_regime: str | None = None
    breadth_regime: str | None = None
    confidence: float = 0.0
    missing: tuple[str, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        if not self.stored:
            return f"market regime of {self.date}: {self.detail}"
        without = f", without {', '.join(self.missing)}" if self.missing else ""
        return f"market regime of {self.date}: {self.market_regime} at {self.confidence:.0f} of 100{without}"


def calculate_market_regime(
    session: date,
    now_ms: int,
    again: bool = False,
    breadth_sessions: int = YEAR_SESSIONS,
    connect: Connect = massive_client,
    readers: Readers = UNCACHED,
    is_history: bool = False,
) -> MarketRegimeResult:
    """Compute the regime of a session and store it with its inputs.

    Reads bars, chains and rows only up to the session's close, so a past date may be computed at any time. An input
    that the plan excludes or that does not exist is null, is listed as missing and lowers the confidence. If the
    provider fails temporarily or has not finished a bar, the run fails and is repeated later.

    For breadth, the bars of all stocks are fetched for those of the last `breadth_sessions` that were never fetched: 2
    sessions are enough to count rising and falling stocks, 50 for the stocks above their mean, 252 for the year's highs
    and lows. `readers` may cache bars between sessions. Runs once per session; with `again` it updates the row without
    fetching more of the past. A row of history (`is_history`) is stored as known from the time at which a live one is.
    Raises ValueError for a date without a session.
    """
    closed = sessions.close_of(session)
    with runs.claim(RunTask.CALCULATE_MARKET_REGIME, "", clock.epoch_ms(closed)) as run:
        if run is runs.Refusal.BUSY or (run is runs.Refusal.DONE and not again):
            return MarketRegimeResult(session, False, detail=str(run))
        try:
            day = read_inputs(session, 2 if again else breadth_sessions, connect, readers, now_ms)
            if day.unfinished and clock.instant(now_ms) < closed + PATIENCE:
                raise NotYet(f"the session's bars of {', '.join(day.unfinished)} are not finished yet")
        except (ProviderError, NotYet) as error:
            if isinstance(run, runs.Run):
                runs.fail(run, str(error))
            return MarketRegimeResult(session, False, detail=str(error))
        regime = _classify(session, day)
        columns = _columns(day, regime)
        known = known_at.of_regime(session) if is_history else known_at.NOW

        def insert() -> None:
            MarketRegimeDay.objects.bulk_create(
                [MarketRegimeDay(date=session, known_at=known, **columns)],
                update_conflicts=True,
                unique_fields=["date"],
                update_fields=list(columns),
            )
            if isinstance(run, runs.Run):
                runs.finish(run, rows=1, result={"missing": columns["missing_inputs"]})

        store_in_time(insert)
    return MarketRegimeResult(
        session,
        True,
        market_regime=regime.market_regime,
        vix_regime=regime.vix_regime,
        breadth_regime=regime.breadth_regime,
        confidence=regime.confidence,
        missing=tuple(columns["missing_inputs"]),
    )


def recomputed(stored: MarketRegimeDay) -> dict[str, Any]:
    """Return the columns of a stored row, computed again from stored bars, chains and the previous session's row.

    Nothing is fetched. Index levels that no bar has are those of the row itself, because a snapshot of the provider is
    kept nowhere else. Raises InputsGone when inputs that the row had are no longer stored.
    """
    session = stored.date
    day = read_inputs(session, 2, massive_client, STORED_ONLY, clock.epoch_ms(sessions.close_of(session)))
    gone = [
        name
        for name, column in _STORED_AS.items()
        if name in day.unfinished and getattr(stored, column) is not None
    ]
    if gone:
        raise InputsGone(f"the bars of {', '.join(gone)} are no longer stored")
    if stored.put_call_ratio_total is not None and math.isnan(day.put_call.total):
        raise InputsGone("the chains of its put/call ratio are no longer stored")
    return _columns(day, _classify(session, day))


def _classify(session: date, day: MarketDay) -> MarketRegime:
    """Return the regime by the session's inputs and the previous session's regime.

    The previous regime is kept while the VIX moves closely around a threshold.
    """
    closed_ms = close_ms(sessions.previous_session(session))
    before = regime_reader.read(closed_ms, closed_ms)
    nan = float("nan")

    def known(number: float | None) -> float:
        return nan if number is None else number

    breadth = day.breadth
    return market_regime.market_regime(
        MarketInputs(
            bars=day.spy,
            vix=day.vix,
            vix_5_sessions_ago=day.vix_5_sessions_ago,
            previous_vix_regime=_only(before.vix_regime),
            previous_market_regime=_only(before.market_regime),
            advancers=known(breadth.advancers),
            decliners=known(breadth.decliners),
            pct_above_50d=100.0 * known(breadth.above_mean),
            new_highs=known(breadth.new_highs),
            new_lows=known(breadth.new_lows),
            put_call_percentile=day.put_call.percentile,
            correlations=(day.correlation_spy_qqq, day.correlation_spy_iwm),
        )
    )


def _only(column: NDArray[np.str_]) -> str | None:
    """Return the text of a column of at most one row; None without a row, and for an absent text."""
    return column.item() or None if len(column) else None


def _columns(day: MarketDay, regime: MarketRegime) -> dict[str, Any]:
    vix, vix3m = finite(day.vix), finite(day.closes["VIX3M"])
    term = term_structure(vix, vix3m)
    bars, breadth = day.spy, day.breadth
    columns: dict[str, Any] = {
        "vix_level": vix,
        "vix_regime": regime.vix_regime,
        "breadth_regime": regime.breadth_regime,
        "market_regime": regime.market_regime,
        "confidence_score": regime.confidence,
        "spy_close": finite(bars.close),
        "ndx_close": finite(day.closes["NDX"]),
        "rut_close": finite(day.closes["RUT"]),
        "qqq_close": finite(day.closes["QQQ"]),
        "iwm_close": finite(day.closes["IWM"]),
        "vix3m_level": vix3m,
        "term_spread": term.spread_pct,
        "term_structure": term.regime,
        **day.put_call.columns(),
        "vix_source": day.vix_source,
        "advancers": breadth.advancers,
        "decliners": breadth.decliners,
        "new_highs": breadth.new_highs,
        "new_lows": breadth.new_lows,
        "above_50d": breadth.above_mean,
        "correlation_spy_qqq": finite(day.correlation_spy_qqq),
        "correlation_spy_iwm": finite(day.correlation_spy_iwm),
        "spy_sma20": finite(bars.sma20),
        "spy_sma50": finite(bars.sma50),
        "spy_sma200": finite(bars.sma200),
        "spy_adx14": finite(bars.adx),
        "spy_chop14": finite(bars.chop),
        "spy_atr14": finite(bars.atr),
        "spy_rsi14": finite(bars.rsi),
        "spy_return_1d": finite(bars.return1),
        "spy_return_20d": finite(bars.return20),
        "spy_volume_ratio": finite(bars.volume_ratio),
        "method_version": regime.method_version,
    }
    absent = [name for name in _NAMED_WHEN_MISSING if columns[name] is None]
    return columns | {"missing_inputs": [*regime.missing, *absent]}
