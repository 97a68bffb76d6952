"""The six values at the head of a finished optimisation: the expected numbers, and how far luck explains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from web import formats
from web.backtests.detector_table import bounds_text, in_r, rate_text


class Value(NamedTuple):
    """A value at the head of the page: its name, its text, and two lines that explain it.

    `is_seen` marks a value that was measured in the sessions to which weights were fitted.
    """

    name: str
    text: str
    detail: str
    more: str
    is_seen: bool = False


def values(result: Mapping[str, Any]) -> list[Value]:
    """Return the values of a stored result."""
    tests = result["walk_forward"]
    inside, outside, verdict = tests["in_sample"], tests["out_of_sample"], tests["verdict"]
    return [
        Value(
            "Out of sample, expected",
            formats.percent(outside["share"], 1),
            f"{rate_text(outside)}, n = {formats.number(outside['n'])}",
            f"{in_r(tests['out_of_sample_expectancy'])}, {formats.number(tests['signals_per_session'], 1)}"
            " signals a session",
        ),
        Value(
            "In sample, no forecast",
            formats.percent(inside["share"], 1),
            f"{rate_text(inside)}, n = {formats.number(inside['n'])}",
            in_r(tests["in_sample_expectancy"]),
            is_seen=True,
        ),
        Value(
            "Random entries, same exits",
            formats.percent(verdict["chance_win_rate"], 1),
            f"{in_r(verdict['chance_expectancy'])}; outcomes less them",
            _difference(verdict["difference"]),
        ),
        Value(
            "Walk-forward efficiency",
            formats.number(tests["efficiency"], 2),
            "of R, out over in sample",
            f"{tests['positive_folds']} of {tests['folds']} tests with a profit",
        ),
        *_luck(result["overfitting"], int(result["trials"])),
    ]


def _luck(found: Mapping[str, Any] | None, trials: int) -> list[Value]:
    tried = f"{formats.number(trials)} sets of weights tried"
    names = ("Deflated Sharpe ratio", "Probability of overfitting")
    if found is None:
        return [Value(name, formats.ABSENT, "needs four sessions with data", tried) for name in names]
    return [
        Value(
            names[0],
            formats.percent(found["deflated_sharpe"], 1),
            f"probabilistic {formats.percent(found['probabilistic_sharpe'], 1)}",
            tried,
        ),
        Value(
            names[1],
            formats.percent(found["probability"], 1),
            "best of random weights,",
            "half means no advantage",
        ),
    ]


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "difference unknown"
    return f"{in_r(found['estimate'])} {bounds_text(found)}"
