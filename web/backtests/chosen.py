"""The outcomes that a chart of a backtest shows: those of one detector or of all, signals or all firings."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from backtest import store
from backtest.columns import OutcomeColumns
from backtest.report.counted import counted_once, is_of_profits
from backtest.report.returns import Dates
from backtest.request import from_json
from quant.chain import Floats
from warehouse.models import Backtest
from web.charts.documents.document import UnknownChoice
from web.signals.naming import detector_title

ACTIVE = "ACTIVE"
_reading = threading.Lock()  # the charts of a page ask for the same outcomes at the same time


@dataclass(frozen=True, slots=True)
class Chosen:
    """Outcomes with a profit or loss in R of a backtest, in the order of their bars.

    `sessions` are those in which a chosen detector had data, ascending, shape (d,). `chance_win_rate`, shape (n,), is
    the share of wins of the random entries of each outcome, NaN without any. `title` says whose outcomes they are.
    """

    backtest: Backtest
    outcomes: OutcomeColumns
    chance_win_rate: Floats
    sessions: Dates
    title: str


def choose(backtest: Backtest, population: str, detector: str) -> Chosen:
    """Return the outcomes of a finished backtest; `detector` is a name or all.

    Of all detectors, twins of one family count once (`backtest.report.counted`). Raises UnknownChoice for an unknown
    population, and for a detector that the backtest does not have.
    """
    names = [one.name for one in from_json(backtest.request).rules]
    if population not in ("signals", "firings") or detector not in ("all", *names):
        raise UnknownChoice(f"{population}, {detector}")
    with _reading:
        outcomes, chance = _outcomes(int(backtest.pk), int(backtest.finished_at or 0))
        sessions = _sessions(int(backtest.pk), int(backtest.finished_at or 0))
    chosen = [detector] if detector != "all" else [one for one in names if is_of_profits(one)]
    rows = np.isin(outcomes.detector, chosen) & ~np.isnan(outcomes.r)
    if detector == "all":
        rows &= counted_once(outcomes)
    if population == "signals":
        rows &= outcomes.disposition == ACTIVE
    picked = outcomes.pick(rows)
    days = [sessions[name] for name in chosen if name in sessions]
    tested = np.unique(np.concatenate([picked.session.astype("datetime64[D]"), *days]))
    title = "all detectors" if detector == "all" else detector_title(detector)
    return Chosen(backtest, picked, chance[rows], tested, title)


# `finished_at` names the version: a backtest that is continued ends at another instant.
@lru_cache(maxsize=2)
def _outcomes(backtest_id: int, finished_at: int) -> tuple[OutcomeColumns, Floats]:
    outcomes, chance = store.read_outcomes(backtest_id)
    return outcomes, chance["chance_win_rate"]


@lru_cache(maxsize=2)
def _sessions(backtest_id: int, finished_at: int) -> dict[str, Dates]:
    """Return by detector the sessions in which it had data for any symbol."""
    return store.sessions_by_detector(Backtest.objects.defer("result").get(pk=backtest_id))
