"""The numbers of a set of outcomes in one record."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from backtest.columns import OutcomeColumns
from backtest.report.drawdown import Drawdown, drawdown
from backtest.report.rates import Rate, rate
from backtest.report.returns import (
    FEWEST_SESSIONS,
    Dates,
    annual,
    probability_above_zero,
    session_rows,
    sharpe,
    sortino,
    sums_by_session,
)
from quant.chain import Bools, Floats
from quant.market.outcome_kinds import ENDS, EXPIRED, GAPPED, NO_DATA, NO_ROOM, REASONS, STOPPED, TARGET_HIT


@dataclass(frozen=True, slots=True)
class Summary:
    """Numbers of a set of outcomes; a number that does not exist is None, never NaN.

    `signals` counts all firings and `trades` those with a profit or loss. `target_hit_rate` has the outcomes that ended
    with data as trials, also those without a profit or loss (a change of implied volatility); `win_rate` has the
    trades, a win being a profit after costs above 0. `too_few` is True below 30 outcomes that ended with data.
    `average_win`, `average_loss`, `largest_win`, `largest_loss` and `expectancy` are fractions of the entry, losses
    being negative; names that end in `_r`, `sqn`, `mfe` and `mae` use multiples of the risk. `profit_factor` and
    `payoff` are None without a loss. `sqn` is the root of the number of trades times mean over standard deviation of R.
    `sharpe` and `sortino` are annual and come, like `probabilistic_sharpe`, from the sums of the profits of the
    sessions in which trades ended, each trade with the same capital; they are None below 30 sessions, and so is `sqn`.
    `exposure` is the bars in trades over the bars tested, above 1 where trades of several detectors overlap.
    """

    signals: int
    trades: int
    winners: int
    losers: int
    target_hits: int
    no_data: int
    entry_before_signal: int
    sessions: int
    too_few: bool
    target_hit_rate: Rate
    win_rate: Rate
    ambiguous_share: float | None
    average_win: float | None
    average_loss: float | None
    largest_win: float | None
    largest_loss: float | None
    profit_factor: float | None
    payoff: float | None
    expectancy: float | None
    expectancy_r: float | None
    sqn: float | None
    drawdown_r: Drawdown | None
    sharpe: float | None
    sortino: float | None
    probabilistic_sharpe: float | None
    exposure: float | None
    average_bars: float | None
    mfe: float | None
    mae: float | None


def summarise(outcomes: OutcomeColumns, sessions: Dates, bars_tested: int | None = None) -> Summary:
    """Return the numbers of a set of outcomes.

    `sessions` are the sessions that had data, datetime64[D], ascending and distinct, shape (d,): one without an outcome
    counts as a return of 0, a session without data is not among them. `bars_tested` is the number of bars of these
    sessions over all symbols. Raises ValueError for a profit or loss without any session.
    """
    rows = session_rows(outcomes, sessions)
    traded, ended = outcomes.has_result, ended_with_data(outcomes)
    pnl = outcomes.pnl[traded]
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    returns = sums_by_session(np.where(traded, outcomes.pnl, np.nan), rows, len(sessions))
    is_long_enough = len(sessions) >= FEWEST_SESSIONS
    hit = outcomes.end == ENDS[TARGET_HIT]
    average_win, average_loss = mean(wins), mean(losses)
    return Summary(
        signals=len(outcomes),
        trades=len(pnl),
        winners=len(wins),
        losers=len(losses),
        target_hits=int((hit & ended).sum()),
        no_data=int((outcomes.end == ENDS[NO_DATA]).sum()),
        entry_before_signal=int(outcomes.entry_before_signal.sum()),
        sessions=len(sessions),
        too_few=rate(0, int(ended.sum())).too_few,
        target_hit_rate=rate(int((hit & ended).sum()), int(ended.sum())),
        win_rate=rate(len(wins), len(pnl)),
        ambiguous_share=mean(outcomes.ambiguous[traded].astype(float)),
        average_win=average_win,
        average_loss=average_loss,
        largest_win=float(wins.max()) if len(wins) else None,
        largest_loss=float(losses.min()) if len(losses) else None,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        payoff=average_win / -average_loss if average_win is not None and average_loss is not None else None,
        expectancy=mean(pnl),
        expectancy_r=mean(outcomes.r[traded]),
        sqn=quality_number(outcomes.r[traded]) if is_long_enough else None,
        drawdown_r=_drawdown(outcomes, rows, sessions),
        sharpe=annual(sharpe(returns)) if is_long_enough else None,
        sortino=annual(sortino(returns)) if is_long_enough else None,
        probabilistic_sharpe=probability_above_zero(returns) if is_long_enough else None,
        exposure=float(outcomes.bars_held[traded].sum() / bars_tested) if bars_tested else None,
        average_bars=mean(outcomes.bars_held[traded].astype(float)),
        mfe=mean(outcomes.mfe[traded]),
        mae=mean(outcomes.mae[traded]),
    )


def ended_with_data(outcomes: OutcomeColumns) -> Bools:
    """Return which outcomes were entered and reached an end, shape (n,), also those without a profit or loss."""
    ended = np.isin(outcomes.end, [ENDS[code] for code in (TARGET_HIT, STOPPED, EXPIRED)])
    return ended & ~np.isin(outcomes.reason, [REASONS[code] for code in (GAPPED, NO_ROOM)])


def mean(values: Floats) -> float | None:
    """Return the mean of the numbers that exist; None if there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def quality_number(r: Floats) -> float | None:
    """Return the system quality number: the root of n times the mean over the sample standard deviation of R."""
    known = r[~np.isnan(r)]
    ratio = sharpe(known)
    return None if ratio is None else sqrt(len(known)) * ratio


def _drawdown(outcomes: OutcomeColumns, rows: np.ndarray, sessions: Dates) -> Drawdown | None:
    with_risk = np.flatnonzero(~np.isnan(outcomes.r))
    if not len(with_risk):
        return None
    exited = outcomes.exited_at[with_risk]
    order = with_risk[np.lexsort((outcomes.bar_end[with_risk], exited, rows[with_risk]))]
    return drawdown(outcomes.r[order], sessions[rows[order]], sessions[-1])
