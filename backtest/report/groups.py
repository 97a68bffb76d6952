"""Summaries per detector, symbol, regime and the like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.columns import OutcomeColumns
from backtest.report.returns import Dates
from backtest.report.summary import Summary, summarise
from ingestion.bars.bar_times import midnight_ms
from quant.chain import Bools
from quant.sessions import HOUR_MS
from warehouse.asof.rows import Texts, picked

UNKNOWN = "unknown"
HOURS = np.array([f"{hour:02}" for hour in range(24)])
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class SessionsTested:
    """What was tested: one row per detector, symbol and session for which the detector had data, arrays of shape (t,).

    `session` is datetime64[D], `bars` the number of bars of the symbol in it.
    """

    detector: Texts
    symbol: Texts
    session: Dates
    bars: NDArray[np.int64]

    def pick(self, rows: Bools) -> SessionsTested:
        """Return the rows in a mask, shape (t,)."""
        return picked(self, rows)

    def summarise(self, outcomes: OutcomeColumns) -> Summary:
        """Return the numbers of outcomes over these sessions; bars that several detectors tested count once."""
        if not len(self.session):
            return summarise(outcomes, self.session)
        symbol = np.unique(self.symbol, return_inverse=True)[1]
        once = np.unique(np.column_stack([symbol, self.session.astype(np.int64)]), axis=0, return_index=True)[
            1
        ]
        return summarise(outcomes, np.unique(self.session), int(self.bars[once].sum()))


def new_york_hour(outcomes: OutcomeColumns) -> Texts:
    """Return the hour of New York in which each bar ended, "09" to "15", shape (n,); 10:00 belongs to "09"."""
    days, row = np.unique(outcomes.session.astype("datetime64[D]"), return_inverse=True)
    midnight = np.array([midnight_ms(day) for day in days.tolist()], dtype=np.int64)
    hours = (outcomes.bar_end - 1 - midnight[row]) // HOUR_MS
    names: Texts = HOURS[hours]
    return names


def weekday(outcomes: OutcomeColumns) -> Texts:
    """Return the name of the weekday of each session, shape (n,)."""
    days = outcomes.session.astype("datetime64[D]").astype(np.int64)
    return np.array(WEEKDAYS)[(days + 3) % 7]  # 1970-01-01 was a Thursday


DIMENSIONS: dict[str, Callable[[OutcomeColumns], Texts]] = {
    "detector": lambda outcomes: outcomes.detector,
    "symbol": lambda outcomes: outcomes.symbol,
    "regime": lambda outcomes: outcomes.regime,
    "iv_regime": lambda outcomes: outcomes.iv_regime,
    "positioning": lambda outcomes: outcomes.positioning,
    "hour": new_york_hour,
    "weekday": weekday,
    "flow_alignment": lambda outcomes: outcomes.flow_alignment,
}


def groups(outcomes: OutcomeColumns, tested: SessionsTested) -> dict[str, dict[str, Summary]]:
    """Return the summary of each value of each dimension; a missing value is "unknown".

    Values are in alphabetical order, weekdays from Monday on. All groups have the sessions and bars of the whole test,
    so that a group is judged as if only its outcomes had been traded; a detector and a symbol have their own.
    """
    return {
        name: _by_value(name, value_of(outcomes), outcomes, tested) for name, value_of in DIMENSIONS.items()
    }


def _by_value(
    name: str, values: Texts, outcomes: OutcomeColumns, tested: SessionsTested
) -> dict[str, Summary]:
    found = np.unique(values).tolist()
    if name == "weekday":
        found.sort(key=WEEKDAYS.index)

    def one(value: str) -> tuple[str, Summary]:
        part = tested.pick(getattr(tested, name) == value) if name in ("detector", "symbol") else tested
        return value or UNKNOWN, part.summarise(outcomes.pick(values == value))

    return dict(map(one, found))
