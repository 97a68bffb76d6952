"""What an optimisation optimises: symbols, sessions, the target, the limits and the algorithm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from backtest import request as backtests
from backtest.genetic import Settings
from backtest.optimiser.objective import Constraints
from quant.market.outcome_kinds import Costs
from signals.detectors.registry import DETECTORS
from warehouse.market_days import MarketDays

MOST_SIGNALS = 1000  # of a session, in the limits of a request
# Whole numbers of a request: their name in sentences, the least and the largest value.
SIZES = {
    "least_outcomes": ("The least number of outcomes", 1, 100_000),
    "folds": ("The number of tests", 2, 20),
    "least_train": ("The sessions before the first test", 1, 2000),
    "population": ("The population", 10, 1000),
    "generations": ("The number of generations", 1, 1000),
    "seed": ("The seed", 0, backtests.MOST_SEED),
}
YEAR = 252  # sessions, from which on combinatorial splits are computed too
DETECTOR_NAMES = tuple(
    one.name for one in DETECTORS if one.rule.ending == "session" and "15m" in one.rule.timeframes
)


@dataclass(frozen=True, slots=True)
class OptimizationRequest:
    """An optimisation of the scores of 15-minute bars over the sessions from `first` to `last`.

    `target` is the win rate from which on the expectancy decides, 0 to 1. The last sessions are tested in `folds`
    blocks, each with weights fitted to the sessions before it, of which there are `least_train` at least. Limits and
    algorithm are those of `Constraints` and `Settings`. The market is known up to `until_ms`, epoch ms.
    """

    symbols: tuple[str, ...]
    first: dt.date
    last: dt.date
    target: float = 0.65
    folds: int = 5
    least_train: int = 40
    least_signals: float = 5.0
    most_signals: float = 20.0
    least_reward: float = 1.5
    least_outcomes: int = 100
    population: int = 60
    generations: int = 50
    slippage: float = Costs().slippage
    commission: float = Costs().commission
    seed: int = 1
    until_ms: int | None = None

    @property
    def constraints(self) -> Constraints:
        return Constraints(self.least_signals, self.most_signals, self.least_reward, self.least_outcomes)

    @property
    def settings(self) -> Settings:
        return Settings(population=self.population, generations=self.generations, patience=12)

    def backtest(self) -> backtests.Request:
        """Return the backtest whose firings the optimisation chooses from: all of them, with all exits."""
        return backtests.Request(
            self.symbols,
            DETECTOR_NAMES,
            self.first,
            self.last,
            minimum=0.0,
            slippage=self.slippage,
            commission=self.commission,
            one_at_a_time=False,
            all_exits=True,
            seed=self.seed,
            until_ms=self.until_ms,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the request as JSON has it."""
        return asdict(self) | {"first": self.first.isoformat(), "last": self.last.isoformat()}


def from_json(stored: Mapping[str, Any]) -> OptimizationRequest:
    """Return the request that `as_json` stored."""
    return OptimizationRequest(**backtests.values_of(stored))


def checked(
    request: OptimizationRequest, watched: Iterable[str], days: MarketDays, now: dt.datetime
) -> OptimizationRequest:
    """Return a request that can be run. Raises ValueError in one sentence for one that cannot."""
    tested = backtests.checked(request.backtest(), watched, days, now).sessions(days)
    if not 0 < request.target < 1:
        raise ValueError(f"The target win rate is {request.target:g}: give more than 0 and less than 1.")
    if not all(0 < one <= MOST_SIGNALS for one in (request.least_signals, request.most_signals)):
        raise ValueError(f"Limits of signals a session must be above 0, and {MOST_SIGNALS:,} at most.")
    for name, (words, fewest, most) in SIZES.items():
        if not fewest <= getattr(request, name) <= most:
            raise ValueError(f"{words} must be {fewest:,} to {most:,}.")
    least = request.least_train + request.folds
    if len(tested) < least:
        raise ValueError(
            f"The range has {len(tested)} sessions: {request.folds} tests after {request.least_train} sessions of"
            f" training need {least} at least."
        )
    return request
