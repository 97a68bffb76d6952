"""Win rates of patterns: of the signals on whose bar a pattern held, in total, by market regime and by direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.columns import OutcomeColumns
from backtest.report.counted import counted_once
from backtest.report.groups import UNKNOWN
from backtest.report.rates import Rate, rate
from backtest.report.summary import mean
from backtest.verdict import ABOVE, Verdict, verdict_of
from quant.chain import Bools, Floats
from quant.sessions import HOUR_MS
from warehouse.models.enums import Direction, Disposition


@dataclass(frozen=True, slots=True)
class Measured:
    """Outcomes of signals: the share with a profit after costs, and the verdict against random entries."""

    win_rate: Rate
    verdict: Verdict

    @property
    def too_few(self) -> bool:
        return self.win_rate.too_few


@dataclass(frozen=True, slots=True)
class PatternRates:
    """What the signals on whose bar a pattern held are worth; a number that does not exist is None.

    `average_hours` is the mean time from entry to exit, `average_target` the mean distance of the first target from the
    entry as a fraction of it. `by_regime` has a record per market regime, "unknown" for a missing one, `by_direction`
    one for LONG and SHORT. `favorable_regimes` are those with enough outcomes that are above chance.
    """

    pattern: str
    total: Measured
    average_hours: float | None
    average_target: float | None
    by_regime: Mapping[str, Measured]
    by_direction: Mapping[str, Measured]
    favorable_regimes: tuple[str, ...]


def pattern_rates(
    names: Sequence[str],
    outcomes: OutcomeColumns,
    chance: Mapping[str, Floats],
    matched: Sequence[Sequence[str]],
) -> list[PatternRates]:
    """Return the rates of the patterns `names`.

    `matched` names the patterns that held on the bar of each outcome, n lists; `chance` are the columns of the random
    entries (n,). Only signals with a multiple of the risk count (`backtest.report.counted`).
    """
    is_signal = outcomes.disposition == Disposition.ACTIVE.value
    counted = is_signal & counted_once(outcomes) & ~np.isnan(outcomes.r)
    return [_rates(name, outcomes, chance, counted & _holds(name, matched)) for name in names]


def _holds(name: str, matched: Sequence[Sequence[str]]) -> Bools:
    return np.array([name in one for one in matched], dtype=bool)


def _rates(name: str, outcomes: OutcomeColumns, chance: Mapping[str, Floats], rows: Bools) -> PatternRates:
    mine = outcomes.pick(rows)
    regimes = dict(_by(np.where(outcomes.regime == "", UNKNOWN, outcomes.regime), outcomes, chance, rows))
    sides = np.where(outcomes.direction > 0, Direction.LONG.value, Direction.SHORT.value)
    return PatternRates(
        pattern=name,
        total=_measured(outcomes, chance, rows),
        average_hours=mean((mine.exited_at - mine.entered_at) / HOUR_MS),
        average_target=mean(np.abs(mine.target / mine.entry - 1)),
        by_regime=regimes,
        by_direction=dict(_by(sides, outcomes, chance, rows)),
        favorable_regimes=tuple(
            regime
            for regime, one in regimes.items()
            if regime != UNKNOWN and not one.too_few and one.verdict.word == ABOVE
        ),
    )


def _by(
    values: np.ndarray, outcomes: OutcomeColumns, chance: Mapping[str, Floats], rows: Bools
) -> Iterator[tuple[str, Measured]]:
    for value in np.unique(values[rows]).tolist():
        yield value, _measured(outcomes, chance, rows & (values == value))


def _measured(outcomes: OutcomeColumns, chance: Mapping[str, Floats], rows: Bools) -> Measured:
    pnl = outcomes.pnl[rows]
    return Measured(rate(int((pnl > 0).sum()), len(pnl)), verdict_of(outcomes, chance, rows))
