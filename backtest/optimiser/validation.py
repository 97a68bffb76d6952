"""Folds of an optimisation: fitted on the training, measured on the test, and the numbers of all tests together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.genetic import Settings, State, evolve
from backtest.optimiser.candidates import Candidates
from backtest.optimiser.choice import Prepared, chosen, prepare
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Constraints, Metric, Objective, objective
from backtest.report.rates import Rate, rate
from backtest.report.returns import Dates, moments, probability_above_zero, sharpe
from backtest.splits import Split
from backtest.statistics import deflated_sharpe, overfitting_logits
from backtest.verdict import Verdict, against_chance
from quant.chain import Floats
from quant.market.paths import Ints


@dataclass(frozen=True, slots=True)
class Problem:
    """What is optimised: candidates, the genome's layout, limits, the metric with its target, and the algorithm."""

    candidates: Candidates
    layout: Layout
    constraints: Constraints
    settings: Settings
    metric: Metric = "win_rate"
    target: float = 0.65

    def goal(self, rows: Ints, sessions: int) -> Objective:
        """Return the objective on the candidates in `rows`, which fired in a number of sessions."""
        return objective(
            self.candidates.pick(rows), self.layout, sessions, self.constraints, self.metric, self.target
        )

    def fit(
        self, rows: Ints, sessions: int, seed: Sequence[int], state: State | None = None
    ) -> Iterator[State]:
        """Yield the generations of a fit to the candidates in `rows`, which fired in a number of sessions.

        The default genome is in the first population. `seed` and `state` as in `backtest.genetic.evolve`.
        """
        layout = self.layout
        yield from evolve(
            self.goal(rows, sessions),
            layout.lower,
            layout.upper,
            self.settings,
            seed=seed,
            first=layout.default[None],
            state=state,
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The firings that a genome chooses of some candidates: all numbers of a test come from these rows.

    `rows` are positions among all candidates, with and without a result; the arrays are those of the exits chosen.
    """

    rows: Ints
    sessions: int
    r: Floats
    session: Dates
    chance_r: Floats
    chance_deviation: Floats
    chance_win_rate: Floats

    @property
    def win_rate(self) -> Rate:
        known = ~np.isnan(self.r)
        return rate(int((self.r > 0).sum()), int(known.sum()))

    @property
    def expectancy(self) -> float | None:
        """Mean of R, None without a result."""
        known = self.r[~np.isnan(self.r)]
        return float(known.mean()) if len(known) else None

    @property
    def signals_per_session(self) -> float:
        return len(self.rows) / self.sessions if self.sessions else 0.0

    def verdict(self, seed: int = 0) -> Verdict:
        """Return the verdict of the firings against their random entries."""
        return against_chance(
            self.r, self.session, self.chance_r, self.chance_deviation, self.chance_win_rate, seed=seed
        )


def choose(problem: Problem, genome: Floats, rows: Ints, sessions: int) -> Chosen:
    """Return what a genome, shape (d,), chooses of the candidates in `rows`, which fired in a number of sessions."""
    part = problem.candidates.pick(rows)
    genes = problem.layout.parts(genome[None])
    taken = np.flatnonzero(chosen(prepare(part), genes)[0])
    variant = int(genes.exits[0])
    return Chosen(
        rows[taken],
        sessions,
        part.r[variant][taken],
        part.session[taken],
        part.chance_r[variant][taken],
        part.chance_deviation[variant][taken],
        part.chance_win_rate[variant][taken],
    )


@dataclass(frozen=True, slots=True)
class Fold:
    """One split: the genome fitted to its training, and what it chooses there and in the test."""

    split: Split
    genome: Floats
    is_feasible: bool
    in_sample: Chosen
    out_of_sample: Chosen


def fold(problem: Problem, split: Split, train_sessions: int, fitted: State) -> Fold:
    """Return the fold of a split from the last generation of its fit."""
    tested = sum(len(block) for block in split.tested)
    return Fold(
        split,
        fitted.best,
        fitted.is_feasible,
        choose(problem, fitted.best, split.train, train_sessions),
        choose(problem, fitted.best, split.test, tested),
    )


@dataclass(frozen=True, slots=True)
class Validation:
    """Numbers of all folds together, in R and fractions, None where there are no results.

    `efficiency` is the expectancy out of sample over that in sample, None where the latter is not positive.
    `positive_folds` counts folds with a positive expectancy out of sample. `verdict` is that of all tests.
    """

    folds: int
    positive_folds: int
    in_sample: Rate
    out_of_sample: Rate
    in_sample_expectancy: float | None
    out_of_sample_expectancy: float | None
    signals_per_session: float
    efficiency: float | None
    verdict: Verdict


def validation(folds: Sequence[Fold], seed: int = 0) -> Validation:
    """Return the numbers of all folds together. Raises ValueError without a fold."""
    inside, outside = (
        _together([getattr(one, side) for one in folds]) for side in ("in_sample", "out_of_sample")
    )
    fitted, tested = inside.expectancy, outside.expectancy
    return Validation(
        folds=len(folds),
        positive_folds=sum((one.out_of_sample.expectancy or 0.0) > 0 for one in folds),
        in_sample=inside.win_rate,
        out_of_sample=outside.win_rate,
        in_sample_expectancy=fitted,
        out_of_sample_expectancy=tested,
        signals_per_session=outside.signals_per_session,
        efficiency=tested / fitted if fitted is not None and tested is not None and fitted > 0 else None,
        verdict=outside.verdict(seed),
    )


def _together(parts: Sequence[Chosen]) -> Chosen:
    names = ("r", "session", "chance_r", "chance_deviation", "chance_win_rate")
    return Chosen(
        np.concatenate([part.rows for part in parts]),
        sum(part.sessions for part in parts),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in names),
    )


@dataclass(frozen=True, slots=True)
class Overfitting:
    """How much of the best genome's result luck explains.

    `logits` (splits,) is the distribution of the relative rank, on the other half of the sessions, of the genome that
    is best in one half among genomes drawn at random; `probability` is the share at or below 0: about a half where past
    results say nothing. Genomes of a fit are no such sample: all of them were chosen by both halves.
    `probabilistic_sharpe` and `deflated_sharpe` are those of the best genome over the sessions, None without
    variation.
    """

    probability: float
    logits: Floats
    probabilistic_sharpe: float | None
    deflated_sharpe: float | None


def overfitting(
    problem: Problem,
    best: Floats,
    drawn: Floats,
    sessions: Dates,
    *,
    trials: int,
    trial_variance: float | None,
    blocks: int = 16,
) -> Overfitting:
    """Return how much luck explains of the best genome of a fit to `sessions`, shape (s,).

    `best` has the shape (d,), and `drawn`, shape (p, d), are genomes drawn without the data. `trials` is the number of
    distinct genomes ever tried on these candidates, and `trial_variance` the variance of their Sharpe ratios per
    session, without which there is no deflated ratio. Raises ValueError for fewer than two drawn genomes, fewer
    sessions than blocks, and less than one trial.
    """
    logits = overfitting_logits(session_returns(problem, drawn, sessions), blocks)
    returns = session_returns(problem, best[None], sessions)[:, 0]
    ratio, probability = sharpe(returns), probability_above_zero(returns)
    deflated = None
    if ratio is not None and trial_variance is not None:
        deflated = deflated_sharpe(ratio, trials, trial_variance, len(sessions), *moments(returns))
    return Overfitting(float(np.mean(logits <= 0)), logits, probability, deflated)


def session_returns(
    problem: Problem, genomes: Floats, sessions: Dates, prepared: Prepared | None = None
) -> Floats:
    """Return the sum of R of each session for each genome, shape (sessions, p); `prepared` are the candidates."""
    candidates = problem.candidates
    genes = problem.layout.parts(genomes)
    taken = chosen(prepared or prepare(candidates), genes)
    row = np.searchsorted(sessions, candidates.session)
    gained = np.nan_to_num(candidates.r)
    columns = [
        np.bincount(row[one], gained[variant][one], minlength=len(sessions))
        for one, variant in zip(taken, genes.exits, strict=True)
    ]
    return np.column_stack(columns)
