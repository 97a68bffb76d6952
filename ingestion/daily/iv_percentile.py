"""IV percentile: rank of a symbol's implied volatility of a session within its last year.

The year is read from `iv_percentile_cache`, one row per session, 252 rows regardless of the size of the chains. Of the
chains only the session's last snapshot is read (`ingestion.chains.closing_chain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.bars.bar_times import close_ms
from ingestion.chains.closing_chain import NoSnapshot, last_chain
from ingestion.chains.compute import finite
from ingestion.daily.variance_premium import variance_columns
from quant import sessions
from quant.chain import Floats
from quant.volatility import iv_rank
from warehouse import clock, runs
from warehouse.asof import iv
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import IvPercentile
from warehouse.task_names import RunTask

MATURITY_DAYS = 30.0
# 252 sessions fit into 366 calendar days; the reserve covers unscheduled closures.
_WINDOW = timedelta(days=380)


class Levels(NamedTuple):
    """Sessions, oldest first, and a symbol's volatility in each; shape (n,)."""

    days: NDArray[np.datetime64]
    volatility: Floats


@dataclass(frozen=True, slots=True)
class IvPercentileResult:
    """Result of ranking one session.

    `stored` is false when another run has or had this job, or when it failed; `detail` is the reason.
    """

    symbol: str
    date: date
    stored: bool
    current_iv: float | None = None
    iv_percentile: float | None = None
    iv_regime: str | None = None
    data_points: int = 0
    detail: str = ""

    def __str__(self) -> str:
        if not self.stored:
            return f"{self.symbol} {self.date}: {self.detail}"
        ranked = "unranked" if self.iv_percentile is None else f"percentile {self.iv_percentile:.3f}"
        level = "unknown" if self.current_iv is None else f"{self.current_iv:.4f}"
        return f"{self.symbol} {self.date}: IV {level}, {ranked} of {self.data_points} sessions"


def calculate_iv_percentile(
    symbol: str, session: date, again: bool = False, is_history: bool = False
) -> IvPercentileResult:
    """Rank the session's volatility among the 252 sessions before it and store the row.

    Reads only the last snapshot at or before the session's close and rows of earlier sessions, so a past date gives
    the same result at any time. Runs once per session; with `again` it computes the row again and updates it. A row of
    history (`is_history`) is stored as known from the time at which a live one is. Raises
    ValueError for a date without a session.
    """
    closed = sessions.close_of(session)
    with runs.claim(RunTask.CALCULATE_IV_PERCENTILE, symbol, clock.epoch_ms(closed)) as run:
        if run is runs.Refusal.BUSY or (run is runs.Refusal.DONE and not again):
            return IvPercentileResult(symbol, session, False, detail=str(run))
        try:
            columns, note = measure(symbol, session)
        except NoSnapshot as error:
            if isinstance(run, runs.Run):
                runs.fail(run, str(error))
            return IvPercentileResult(symbol, session, False, detail=str(error))

        def insert() -> None:
            store(session, {symbol: columns}, is_history)
            if isinstance(run, runs.Run):
                runs.finish(run, contracts=note["contracts"], rows=1, result=note)

        store_in_time(insert)
    return IvPercentileResult(
        symbol,
        session,
        True,
        current_iv=columns["current_iv"],
        iv_percentile=columns["iv_percentile"],
        iv_regime=columns["iv_regime"],
        data_points=columns["data_points"],
    )


def store(session: date, measured: Mapping[str, Mapping[str, Any]], is_history: bool) -> None:
    """Insert or update the rows of a session, by symbol; see `calculate_iv_percentile` for `is_history`."""
    known = known_at.of_session(session) if is_history else known_at.NOW
    if measured:
        IvPercentile.objects.bulk_create(
            [
                IvPercentile(symbol=symbol, date=session, known_at=known, **columns)
                for symbol, columns in measured.items()
            ],
            update_conflicts=True,
            unique_fields=["symbol", "date"],
            update_fields=list(next(iter(measured.values()))),
        )


def measure(symbol: str, session: date) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the row and the result for the ledger. Only reads the database. Raises NoSnapshot."""
    slot, chain = last_chain(symbol, session)
    curve = iv_rank.atm_curve(chain)
    current = iv_rank.constant_maturity_iv(curve, MATURITY_DAYS)
    days, series = levels_before(symbol, session)
    ramp = iv_rank.iv_ramp(days, series, np.datetime64(session, "D"), current)
    standing = iv_rank.standing(current, series, ramp)
    columns = {
        "current_iv": standing.current_iv,
        "iv_rank": standing.iv_rank,
        "iv_percentile": standing.iv_percentile,
        "iv_regime": standing.iv_regime,
        "iv_52w_high": standing.iv_52w_high,
        "iv_52w_low": standing.iv_52w_low,
        "iv_trend": standing.iv_trend,
        "recommendation": standing.recommendation,
        "data_points": standing.data_points,
        "is_provisional": standing.is_provisional,
        "risk_reversal_25d": finite(iv_rank.risk_reversal_25d(chain)),
        "term_slope": finite(iv_rank.term_slope(curve)),
        "expected_move": finite(float(iv_rank.expected_move(chain.spot, current, MATURITY_DAYS))),
        **variance_columns(symbol, session, chain),
        "method_version": standing.method_version,
    }
    note = {
        "slot": slot,
        "contracts": len(chain),
        "gaps": standing.gaps,
        "documented_iv": finite(iv_rank.documented_iv(curve)),
        "ramp_expansion_pct": ramp.expansion_pct,
    }
    return columns, note


def levels_before(symbol: str, session: date) -> Levels:
    """Return the last 252 sessions before this one with their volatility, NaN where none is stored."""
    past = sessions.sessions(session - _WINDOW, session - timedelta(days=1))[-iv_rank.WINDOW_SESSIONS :]
    stored = iv.read(symbol, close_ms(past[0]), close_ms(past[-1]))
    days = np.array(past, dtype="datetime64[D]")
    # Sessions before the first stored one are no gaps: the symbol was not watched.
    days = days[days >= stored.date[0]] if len(stored) else days[:0]
    volatility = np.full(len(days), np.nan)
    place = np.searchsorted(days, stored.date)
    is_session = days[np.minimum(place, len(days) - 1)] == stored.date if len(days) else place == 0
    volatility[place[is_session]] = stored.current_iv[is_session]
    return Levels(days, volatility)
