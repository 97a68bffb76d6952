"""All rows of a symbol: its firings with their outcomes, random entries, and, if asked for, other exits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backtest.request import Request
from backtest.simulation.chance import Chance, Market, chance, market_of
from backtest.simulation.pin_chance import pin_chance
from backtest.simulation.rows import rows_of
from backtest.simulation.tested import PastSession, wall_ahead
from quant.market.outcome_kinds import OPEN
from quant.market.outcomes import Outcomes
from signals.detectors.registry import BY_NAME
from signals.scan.found import FoundSignal, plain
from signals.scan.paths import Path
from signals.scan.scan import PAUSE_BARS
from signals.weights import EXITS, exit_prices

CHANCE = ("chance_r", "chance_deviation", "chance_win_rate", "chance_hit_rate")


@dataclass(frozen=True, slots=True)
class _Priced:
    """A firing that ends by its prices, with the row that it fills and the bar on which it fired."""

    row: dict[str, Any]
    signal: FoundSignal
    session: PastSession
    slot: int

    @property
    def range(self) -> float:
        return float(self.session.slots.range[self.slot])


def all_rows(tested: Sequence[PastSession], request: Request) -> list[dict[str, Any]]:
    """Return the rows of all firings in the order of their bars, with what random entries are worth.

    With `request.all_exits` the row has its outcome and its random entries for each variant of the exits.
    """
    rows: list[dict[str, Any]] = []
    priced: list[_Priced] = []
    for one in tested:
        for signal, row in rows_of(one):
            slot = one.path.row(signal.bar_end)
            row |= dict.fromkeys((*CHANCE, "exits"))
            if row["outcome_kind"] == "session":
                priced.append(_Priced(row, signal, one, slot))
            elif row["outcome_kind"] == "pin":
                row["chance_hit_rate"] = plain(pin_chance(one, slot, signal.targets[0]))
            rows.append(row)
    if priced:
        market = market_of(tested)
        means = _chance(market, priced, [one.signal for one in priced], request)
        for place, each in enumerate(priced):
            each.row.update(_means(means, place))
        if request.all_exits:
            _add_exits(market, priced, request)
    return sorted(rows, key=lambda row: (row["bar_end"], BY_NAME[row["detector"]].number, row["direction"]))


def _add_exits(market: Market, priced: Sequence[_Priced], request: Request) -> None:
    """Add to each row a list with the outcome and the random entries of each variant of the exits."""
    for one in priced:
        one.row["exits"] = []
    for variant in range(len(EXITS)):
        signals = [_with_exits(one.signal, variant) for one in priced]
        means = _chance(market, priced, signals, request)
        for place, (one, found) in enumerate(zip(priced, _outcomes(priced, signals, request), strict=True)):
            one.row["exits"].append(_of_exits(signals[place], one.session.path, found) | _means(means, place))


def _with_exits(signal: FoundSignal, variant: int) -> FoundSignal:
    stop, targets = exit_prices(signal.reference, signal.stop, signal.targets, variant)
    return replace(signal, stop=stop, targets=targets)


def _outcomes(
    priced: Sequence[_Priced], signals: Sequence[FoundSignal], request: Request
) -> Iterator[Outcomes]:
    """Yield the outcome of each signal alone, as records of one row."""
    for one, signal in zip(priced, signals, strict=True):
        wall = np.array([wall_ahead(signal) if request.wall_exit else np.nan])
        yield one.session.path.outcomes([signal], walls=wall, costs=request.costs)


def _of_exits(signal: FoundSignal, path: Path, found: Outcomes) -> dict[str, Any]:
    """Return a variant's outcome: R, target over risk, its exit, and from when on the next firing may count.

    `free_at` is the end of the bar from which on another firing of the key counts, None for none of the session.
    """
    end = int(found.end_row[0]) + PAUSE_BARS
    is_free = int(found.end[0]) != OPEN and found.end_row[0] >= 0 and end < len(path.end_ms)
    exited = int(found.exit_row[0])
    return {
        "r": plain(float(found.r[0])),
        "reward": abs(signal.targets[0] - signal.reference) / abs(signal.reference - signal.stop),
        "exited_at": int(path.end_ms[exited]) if exited >= 0 else None,
        "free_at": int(path.end_ms[end]) if is_free else None,
    }


def _chance(
    market: Market, priced: Sequence[_Priced], signals: Sequence[FoundSignal], request: Request
) -> Chance:
    ranges = np.array([one.range for one in priced])
    return chance(market, signals, [one.slot for one in priced], ranges, request)


def _means(means: Chance, place: int) -> dict[str, Any]:
    return {name: plain(getattr(means, name.removeprefix("chance_"))[place]) for name in CHANCE}
