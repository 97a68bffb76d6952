"""The firings of a stored backtest as candidates of the optimiser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backtest.columns import IN_ORDER
from backtest.optimiser.candidates import BOOSTS, COMPONENTS, Candidates
from backtest.splits import session_clock
from quant.chain import Floats
from quant.market.paths import Ints
from signals.rules.rule import LONG
from signals.scan.store import SIDES
from signals.weights import EXITS
from warehouse.models import BacktestOutcome

NEVER = np.iinfo(np.int64).max  # a firing after which no other one of its key counts in the session


def read_candidates(backtest_id: int, detectors: Sequence[str]) -> Candidates:
    """Return the firings of a backtest that end by their prices, in the order in which they fired.

    The backtest must hold all firings with all variants of the exits.
    """
    found = BacktestOutcome.objects.filter(backtest_id=backtest_id, outcome_kind="session")
    return candidates_of([dict(row) for row in found.order_by(*IN_ORDER).values()], detectors)


def candidates_of(rows: Sequence[Mapping[str, Any]], detectors: Sequence[str]) -> Candidates:
    """Return rows of outcomes, in the order of their bars, as candidates. Times are those of `session_clock`."""
    place = {name: number for number, name in enumerate(detectors)}
    keys = [(row["symbol"], row["detector"], SIDES[row["direction"]] == LONG, row["session"]) for row in rows]
    number = {key: count for count, key in enumerate(dict.fromkeys(keys))}
    entered = _clock([row["entered_at"] or row["bar_end"] for row in rows])
    exits = [[row["exits"][variant] for row in rows] for variant in range(len(EXITS))]
    ended = [
        [one["exited_at"] or row["bar_end"] for one, row in zip(each, rows, strict=True)] for each in exits
    ]
    return Candidates(
        detectors=tuple(detectors),
        detector=np.array([place[row["detector"]] for row in rows], dtype=np.int64),
        session=np.array([row["session"] for row in rows], dtype="datetime64[D]"),
        base=_numbers(rows, "base_score"),
        deltas=np.array([[row["terms"][name] for row in rows] for name in BOOSTS], dtype=float),
        factor=np.array([row["terms"]["flow"] for row in rows], dtype=float),
        components=np.array(
            [[_number(row["components"][name]) for row in rows] for name in COMPONENTS], dtype=float
        ),
        followed=np.array([row["followed"] or 0 for row in rows], dtype=float),
        is_daily=np.array([row["timeframe"] == "1d" for row in rows], dtype=bool),
        blocked=np.array([bool(row["blocked_by"]) for row in rows], dtype=bool),
        key=np.array([number[key] for key in keys], dtype=np.int64),
        fires_at=_clock([row["bar_end"] for row in rows]),
        entered=entered,
        # An entry that was refused, as one beyond its stop, has no exit: it ends where it would have been made.
        exited=np.maximum(entered, np.array([_clock(each) for each in ended]).max(axis=0, initial=0)),
        free_at=np.array([[_free(one["free_at"]) for one in each] for each in exits], dtype=np.int64),
        **{
            name: np.array([[_number(one[name]) for one in each] for each in exits], dtype=float)
            for name in ("r", "reward", "chance_r", "chance_deviation", "chance_win_rate")
        },
    )


def _clock(instants: Sequence[int]) -> Ints:
    return session_clock(np.array(instants, dtype=np.int64))


def _free(free_at: int | None) -> int:
    return NEVER if free_at is None else int(_clock([free_at])[0])


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([_number(row[name]) for row in rows], dtype=float)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
