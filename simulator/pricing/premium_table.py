"""Tables of the early-exercise premium of one settlement during one session, computed by the tree and interpolated.

A table has the tree's values at the open and the close of the session (far settlements: at its middle), for several
volatilities, several sizes of the dividends relative to the strike, and the tree's own moneyness nodes. It is read by
cubic interpolation in moneyness and log volatility, and linearly in the other two. Outside the nodes of moneyness the
premium is that of the outermost node. Deep in the money it has a kink in the size of the dividends, where waiting for a
dividend is worth as much as the interest on the strike; it is a node of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats
from simulator.pricing.american_tree import TreeTerms, cubic_weights, moneyness_nodes, premiums
from simulator.pricing.settlement_terms import SettlementTerms

# Settlements further away than these years need one table for the session instead of two, and more volatilities.
_FAR_YEARS = 0.1
_VOLATILITIES = (7, 11)
_SIZES = {True: 20, False: 8}
# Strikes relative to spot between which the sizes of the dividends lie; outside they are extrapolated.
_STRIKES = {True: (0.30, 1.40), False: (0.75, 2.00)}
# Steps of the tree up to these years, of calls and puts.
_STEPS = ((0.1, {True: 64, False: 64}), (0.5, {True: 128, False: 128}), (9.9, {True: 160, False: 256}))


@dataclass(frozen=True)
class PremiumTable:
    """Premium over strike, shape (times, volatilities, sizes, nodes), with the grid on which it is given.

    `log_sizes` has the logarithm of the first size at each time; the step of the grid in it is `log_ratio`.
    """

    steps: int
    values: NDArray[np.float32]
    log_volatility: float
    volatility_step: float
    log_sizes: Floats
    log_ratio: float


def steps_of(terms: SettlementTerms, is_call: bool) -> int:
    """Return how many time steps the price trees of a settlement have."""
    years = terms.years(terms.opens)
    return next(steps[is_call] for limit, steps in _STEPS if years <= limit)


def build(terms: Sequence[SettlementTerms], is_call: bool, steps: int) -> list[PremiumTable]:
    """Return the tables of some settlements, all with dividends or all without, whose trees have `steps`."""
    cases = [(one, seconds) for one in terms for seconds in _times(one)]
    times = len(cases) // len(terms)
    years = np.array([one.years(seconds) for one, seconds in cases])
    values = [one.present_values(seconds) for one, seconds in cases]
    total = np.array([part.sum() for part in values])
    count = _VOLATILITIES[0 if times > 1 else 1]
    logs = np.array(
        [np.linspace(np.log(one.volatilities[0]), np.log(one.volatilities[1]), count) for one, _ in cases]
    )
    sizes, ratio = _sizes(cases, is_call, total)
    trees = TreeTerms(
        is_call=is_call,
        steps=steps,
        years=years,
        rate=np.array([one.rate for one, _ in cases]),
        borrow=np.array([one.borrow for one, _ in cases]),
        ex_years=[one.ex_years(seconds) for one, seconds in cases],
        shares=[part / part.sum() for part in values],
        volatility=np.exp(logs),
        paid=sizes,
    )
    found = premiums(trees).astype(np.float32)
    found = found.reshape(len(terms), times, *found.shape[1:])
    first = np.log(np.where(sizes > 0, sizes, 1.0))[:, 0].reshape(len(terms), times)
    lowest, step = logs[::times, 0], logs[::times, 1] - logs[::times, 0]
    return [
        PremiumTable(steps, found[i], float(lowest[i]), float(step[i]), first[i], ratio)
        for i in range(len(terms))
    ]


def _times(terms: SettlementTerms) -> tuple[float, ...]:
    """Return the instants of a settlement's tables: both ends of the session, or its middle."""
    if terms.years(terms.opens) > _FAR_YEARS:
        return (0.5 * (terms.opens + terms.closes),)
    return (terms.opens, terms.closes)


def _sizes(
    cases: Sequence[tuple[SettlementTerms, float]], is_call: bool, total: Floats
) -> tuple[Floats, float]:
    """Return sizes of the dividends over strike, shape (cases, sizes), and the logarithm of their ratio."""
    if not cases[0][0].dividends:
        return np.zeros((len(cases), 1)), 1.0
    count, (low, high) = _SIZES[is_call], _STRIKES[is_call]
    ratio = np.log(high / low) / (count - 1)
    least = np.log(total / np.array([one.spot for one, _ in cases]) / high)
    kink = np.log([_kink(one, seconds, is_call) for one, seconds in cases])
    # The grid is shifted by less than half a step, so that the kink is one of its nodes.
    position = (kink - least) / ratio
    first = least + ratio * (position - np.rint(position))
    return np.exp(first[:, None] + ratio * np.arange(count)), float(ratio)


def _kink(terms: SettlementTerms, seconds: float, is_call: bool) -> float:
    """Return the size of all dividends at which waiting for one is worth the interest on the strike.

    A call waits until the last dividend and loses the interest from then on; a put waits for the first.
    """
    values, times = terms.present_values(seconds), terms.ex_years(seconds)
    begin, end = (times[-1], terms.years(seconds)) if is_call else (0.0, times[0])
    interest = float(np.exp(-terms.rate * begin) - np.exp(-terms.rate * end))
    return max(interest, 1e-9) * float(values.sum() / values[-1 if is_call else 0])


class TableStack:
    """Some tables of one kind and number of steps, read together."""

    def __init__(self, tables: Sequence[PremiumTable]) -> None:
        first = tables[0]
        self._values = np.stack([table.values for table in tables])
        self._log_volatility = np.array([table.log_volatility for table in tables])
        self._volatility_step = np.array([table.volatility_step for table in tables])
        self._log_sizes = np.array([table.log_sizes for table in tables])
        self._log_ratio = first.log_ratio
        nodes = moneyness_nodes(first.steps)
        self._first_node, self._node_step, self._last_node = nodes[0], nodes[1] - nodes[0], len(nodes) - 1

    def premium(
        self, table: NDArray[np.intp], elapsed: Floats, volatility: Floats, size: Floats, moneyness: Floats
    ) -> Floats:
        """Return premiums over strike of some contracts, arrays of one length.

        `table` is the index of each contract's table, `elapsed` the part of the session that has passed, `size` the
        present value of the dividends over strike, `moneyness` as in `american_tree.moneyness_nodes`.
        """
        _, times, vols, sizes, nodes = self._values.shape
        flat = self._values.reshape(-1)
        at_node, node_weights = _cubic((moneyness - self._first_node) / self._node_step, nodes)
        position = (np.log(volatility) - self._log_volatility[table]) / self._volatility_step[table]
        at_vol, vol_weights = _cubic(position, vols)
        time_weights: tuple[Floats | float, ...] = (1.0 - elapsed, elapsed) if times > 1 else (1.0,)
        result = np.zeros(len(table))
        for time, time_weight in enumerate(time_weights):
            at_size, size_weights = self._linear(size, self._log_sizes[table, time], sizes)
            start = (((table * times + time) * vols + at_vol) * sizes + at_size) * nodes + at_node
            for i, vol_weight in enumerate(vol_weights):
                for j, size_weight in enumerate(size_weights):
                    at = start + (i * sizes + j) * nodes
                    share = time_weight * vol_weight * size_weight
                    for k, node_weight in enumerate(node_weights):
                        result += share * node_weight * flat[at + k]
        return result

    def _linear(
        self, size: Floats, log_first: Floats, count: int
    ) -> tuple[NDArray[np.intp] | int, tuple[Floats | float, ...]]:
        """Return the lower node of each size and the weights of it and of the next, linear in the size itself."""
        if count == 1:
            return 0, (1.0,)
        position = (np.log(np.maximum(size, 1e-300)) - log_first) / self._log_ratio
        lower = np.clip(position, 0, count - 2).astype(np.intp)
        low = np.exp(log_first + self._log_ratio * lower)
        share = (size / low - 1.0) / np.expm1(self._log_ratio)
        return lower, (1.0 - share, share)


def _cubic(position: Floats, count: int) -> tuple[NDArray[np.intp], tuple[Floats, ...]]:
    """Return the first of four nodes around each position, moved inside the grid, and their weights."""
    inside = np.clip(position, 0.0, count - 1.0)
    first = np.clip(inside.astype(np.intp), 1, count - 3) - 1
    return first, cubic_weights(inside - first)
