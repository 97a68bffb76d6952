"""The steps of an optimisation: backtest, a fit for each fold, one for all sessions, and the check of the numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction

from backtest import run as backtests
from backtest import store
from backtest.code_version import code_version
from backtest.genetic import State, load
from backtest.optimiser import result
from backtest.optimiser.from_rows import read_candidates
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Objective
from backtest.optimiser.request import DETECTOR_NAMES, YEAR, OptimizationRequest
from backtest.optimiser.trials import Trials
from backtest.optimiser.validation import Fold, Overfitting, Problem, fold, overfitting
from backtest.optimiser.verify import differing_folds
from backtest.report.returns import Dates
from backtest.run import LOOK_SECONDS, RESUMABLE, CanceledError, Watch
from backtest.splits import Split, combinatorial, walk_forward
from quant.market.paths import Ints
from quant.sessions import DAY_MS
from signals.weights import EXITS
from warehouse.models import Backtest, ConfluenceConfig, Optimization
from warehouse.models.enums import BacktestStatus, ConfigStatus

BLOCKS, TESTED = 6, 2  # of combinatorial splits
DRAWN = 200  # genomes drawn at random, for the probability of overfitting
STORE_SECONDS = 1.0  # between two stored states of a fit


@dataclass
class Worker:
    """A worker of one optimisation. `clock_ms` returns the present time, epoch ms; `watch` is told each step."""

    row: Optimization
    request: OptimizationRequest
    clock_ms: Callable[[], int]
    watch: Watch | None = None
    _stored: float = field(default=0.0, init=False)

    def run(self) -> str:
        """Run all steps that are left, and return one sentence. Raises CanceledError and ValueError."""
        backtest = self._backtest()
        problem = self._problem(backtest)
        by_detector = store.sessions_by_detector(backtest)
        sessions = np.unique(np.concatenate([np.zeros(0, dtype="datetime64[D]"), *by_detector.values()]))
        trials = Trials(str(backtest.fingerprint), problem, sessions)
        folds = list(self._folds(trials, self._splits(problem, sessions)))
        several = list(self._folds(trials, self._combinations(problem, sessions), len(folds)))
        everything = np.arange(len(problem.candidates))
        final = self._fit(trials, everything, len(sessions), len(folds) + len(several), "all sessions")
        luck, count = self._luck(trials, final)
        wrong = differing_folds(
            self.request, problem, folds, lambda done: self._say("check", done, len(folds))
        )
        found = result.of(self.request, problem, folds, several, final, luck, count, sessions)
        self._finish(backtest, problem.layout.config(final.best), found, wrong)
        return f"optimisation {self.row.id}: {self.row.label}"

    def _backtest(self) -> Backtest:
        """Return the backtest of all firings, which is run as far as it is not finished."""
        if self.row.backtest is None:
            self.row.backtest = store.create(
                self.request.backtest(), f"optimisation {self.row.id}", self.clock_ms()
            )
            Optimization.objects.filter(id=self.row.id).update(backtest=self.row.backtest)
        backtest = self.row.backtest
        if backtest.status in RESUMABLE:
            backtests.resume(backtest.id)
            backtest.refresh_from_db()
        left = backtests.start(backtest, self.clock_ms())
        while left:
            for symbol in left:
                self._test(backtest.id, symbol)
            left = backtests.unfinished(backtest.id)
            if left:  # `continue_backtests` gave symbols that waited to other workers
                self._say("other workers", len(backtest.symbols) - len(left), len(backtest.symbols))
                self._update(touched_at=self.clock_ms())
                time.sleep(LOOK_SECONDS)
        if not backtests.finish(backtest.id, self.clock_ms()):
            raise ValueError(_ended(backtest.id))
        backtest.refresh_from_db()
        return backtest

    def _test(self, backtest_id: int, symbol: str) -> None:
        """Test a symbol. Raises ValueError if a person canceled the backtest, but not the optimisation."""
        try:
            backtests.run_symbol(backtest_id, symbol, self.clock_ms, self._say)
        except CanceledError:
            self._update(touched_at=self.clock_ms())  # raises CanceledError if the optimisation was canceled
            raise ValueError(_ended(backtest_id)) from None

    def _problem(self, backtest: Backtest) -> Problem:
        found = read_candidates(backtest.id, DETECTOR_NAMES)
        layout = Layout(DETECTOR_NAMES, len(EXITS))
        return Problem(
            found, layout, self.request.constraints, self.request.settings, target=self.request.target
        )

    def _splits(self, problem: Problem, sessions: Dates) -> Iterator[Split]:
        return walk_forward(
            problem.candidates.intervals,
            sessions,
            folds=self.request.folds,
            least_train=self.request.least_train,
            embargo=DAY_MS,
        )

    def _combinations(self, problem: Problem, sessions: Dates) -> Iterator[Split]:
        if len(sessions) < YEAR:
            return iter(())
        return combinatorial(
            problem.candidates.intervals, sessions, blocks=BLOCKS, tested=TESTED, embargo=DAY_MS
        )

    def _folds(self, trials: Trials, splits: Iterator[Split], first: int = 0) -> Iterator[Fold]:
        """Yield the fold of each split; the numbers of the fits begin with `first`."""
        for number, split in enumerate(splits, first):
            days = self._trained_sessions(split, trials.sessions)
            fitted = self._fit(trials, split.train, days, number, f"fold {number + 1}")
            yield fold(trials.problem, split, days, fitted)

    def _trained_sessions(self, split: Split, sessions: Dates) -> int:
        """Return the number of sessions of a training: all but the tested ones, and before them in a walk-forward."""
        tested = np.concatenate(split.tested)
        is_walk = len(split.tested) == 1
        return int(np.searchsorted(sessions, tested[0])) if is_walk else len(sessions) - len(tested)

    def _fit(self, trials: Trials, rows: Ints, sessions: int, number: int, name: str) -> State:
        """Return the last generation of a fit; a stored one is continued, and a finished one is not repeated."""
        stored = (self.row.state or {}).get(str(number))
        state = load(stored["state"]) if stored else None
        seen = list(stored["best"]) if stored else []
        if stored and stored["done"] and state is not None:
            return state
        goal = trials.problem.goal(rows, sessions)
        for generation in trials.problem.fit(rows, sessions, [self.request.seed, number], state):
            state = generation
            seen.append(self._best(goal, state))
            trials.note(state.genomes)
            self._store_fit(number, name, state, seen, done=False)
        if state is None:
            raise ValueError("a fit without a generation")
        self._store_fit(number, name, state, seen, done=True)
        return state

    def _best(self, goal: Objective, state: State) -> dict[str, Any]:
        """Return the numbers in sample of the best weights so far."""
        found = goal.measure(state.best[None])
        return {
            "value": float(state.values[0]),
            "is_feasible": state.is_feasible,
            "win_rate": float(found.win_rate[0]),
            "expectancy_r": float(found.expectancy[0]),
            "signals_per_session": float(found.signals[0]),
        }

    def _store_fit(
        self, number: int, name: str, state: State, seen: Sequence[dict[str, Any]], *, done: bool
    ) -> None:
        self._say(name, state.generation, self.request.generations)
        if not done and time.perf_counter() - self._stored < STORE_SECONDS:
            return
        self._stored = time.perf_counter()
        fits = dict(self.row.state or {}) | {
            str(number): {"state": state.dump(), "best": list(seen), "done": done}
        }
        lines = dict(self.row.generations or {}) | {name: list(seen)}
        self.row.state, self.row.generations = fits, lines
        self._update(state=fits, generations=lines)

    def _luck(self, trials: Trials, final: State) -> tuple[Overfitting | None, int]:
        """Return how far luck explains the best genome's result, and the number of genomes that were ever tried.

        The former is None with fewer than four sessions.
        """
        drawn = trials.problem.layout.draw(DRAWN, self.request.seed)
        trials.note(drawn)
        count, variance = trials.count_and_variance()
        blocks = min(16, len(trials.sessions) // 2 * 2)
        if blocks < 4:
            return None, count
        return overfitting(
            trials.problem,
            final.best,
            drawn,
            trials.sessions,
            trials=count,
            trial_variance=variance,
            blocks=blocks,
        ), count

    def _finish(
        self, backtest: Backtest, weights: dict[str, Any], found: dict[str, Any], wrong: Sequence[int]
    ) -> None:
        """Store the result, and the weights as pending; `wrong` are folds that a backtest does not reproduce."""
        with transaction.atomic():
            config = ConfluenceConfig.objects.create(
                name=f"optimisation {self.row.id}",
                status=ConfigStatus.PENDING,
                weights=weights,
                made_by=f"optimisation {self.row.id}",
                created_at=self.clock_ms(),
            )
            row = self.row
            row.result, row.label, row.config = found, found["label"], config
            row.is_verified, row.state = not wrong, None
            row.fingerprint, row.code_version = backtest.fingerprint, code_version()
            row.status, row.finished_at = BacktestStatus.DONE, self.clock_ms()
            row.progress = {"stage": "done", "done": 1, "total": 1}
            row.save()

    def _say(self, stage: str, done: int, total: int) -> None:
        """Tell and store how far the optimisation is, at most once a second."""
        if self.watch:
            self.watch(stage, done, total)
        progress = {"stage": stage, "done": done, "total": total}
        if self.row.progress == progress:
            return
        self.row.progress = progress
        if time.perf_counter() - self._stored >= STORE_SECONDS or done in (0, total):
            self._update(progress=progress, touched_at=self.clock_ms())

    def _update(self, **columns: object) -> None:
        running = Optimization.objects.filter(id=self.row.id, status=BacktestStatus.RUNNING)
        if not running.update(**columns):
            raise CanceledError(f"optimisation {self.row.id} was canceled")


def _ended(backtest_id: int) -> str:
    return (
        f"backtest {backtest_id} was canceled, deleted or failed: continue the optimisation to run it again"
    )
