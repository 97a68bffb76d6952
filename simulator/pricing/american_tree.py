"""Trinomial tree for American options with cash dividends in the escrowed model.

Model: spot minus the present value of the dividends that go ex until settlement is lognormal and drifts at rate minus
borrow; exercise is possible at any time and pays against the whole spot. A call is exercised before a dividend, a put
after it. Calls are exercised at no other time, which is optimal while the rate is above the cost of borrowing. This is
the model of QuantLib's `FdBlackScholesVanillaEngine` with cash dividend model Escrowed.

Method: a tree whose middle follows the forward, with a node distance of √3 standard deviations of a step, so that the
three branches match five moments of the normal distribution (Kamrad and Ritchken, Management Science 37, 1991). Steps
are of one length between two dividends and end at each. The last step is Black's formula instead of a branching, which
removes the oscillation of the payoff's kink (Broadie and Detemple, Review of Financial Studies 9, 1996). For puts two
results, with exercise at every step and at every second one, are extrapolated to continuous exercise (Richardson).

One tree gives the value for every spot, because the nodes at its start are as wide as the rest of it. The strike is 1,
and by homogeneity a dividend d stands for d / strike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats
from simulator.pricing.black import black_price

# Nodes reach this many standard deviations to settlement; results are used within `REACH`.
_WIDTH, REACH = 7.5, 5.0
# Single precision halves the time; its error is below 1e-6 of the strike.
_REAL = np.float32
Reals = NDArray[np.float32]


@dataclass(frozen=True)
class TreeTerms:
    """Trees that are computed together, one per case, volatility and size of the dividends.

    Nodes are √3 standard deviations of a step apart if there are `steps` of one length, and no step is longer. Columns
    of shape (h,), one per case: `years`, continuous `rate` and `borrow`. For each case `ex_years` has the times of its
    dividends, ascending and inside (0, years), and `shares` each one's share of the present value of all. `volatility`
    has shape (h, v), `paid` (h, q): the present value of all dividends / strike. No case depends on the others.
    """

    is_call: bool
    steps: int
    years: Floats
    rate: Floats
    borrow: Floats
    ex_years: Sequence[Floats]
    shares: Sequence[Floats]
    volatility: Floats
    paid: Floats


class _Steps(NamedTuple):
    """The steps of all cases, shape (n, h).

    `dt` is the length in years, `begins` the years at the start. `pays` tells whether a dividend goes ex at the start;
    `unpaid_before` and `unpaid` are the shares of the dividends that go ex at the start or later, and of those later.
    """

    dt: Floats
    begins: Floats
    pays: NDArray[np.bool_]
    unpaid_before: Floats
    unpaid: Floats


def moneyness_nodes(steps: int) -> Floats:
    """Return the nodes y = ln(lognormal part of spot / strike) / (volatility √years) at which `premiums` are given."""
    count = int(REACH / np.sqrt(3.0 / steps))
    return np.asarray(np.arange(-count, count + 1) * np.sqrt(3.0 / steps))


def premiums(terms: TreeTerms) -> Floats:
    """Return the American minus the European value, per strike, shape (h, v, q, nodes)."""
    carry = terms.rate - terms.borrow
    count = int(_WIDTH / np.sqrt(3.0 / terms.steps))
    width = terms.volatility * np.sqrt(terms.years)[:, None] * np.sqrt(3.0 / terms.steps)
    start = np.exp(width[:, :, None] * np.arange(-count, count + 1))
    exercised = _exercised(terms, start, terms.paid)
    steps = _steps(terms)
    value = np.maximum(_held(terms, steps, start, width, 1), exercised)
    if not terms.is_call:
        value = 2.0 * value - np.maximum(_held(terms, steps, start, width, 2), exercised)
    column = (slice(None), None, None)
    european = black_price(
        terms.is_call,
        start * np.exp(carry * terms.years)[column],
        1.0,
        terms.years[column],
        terms.rate[column],
        terms.volatility[:, :, None],
    )
    inner = len(moneyness_nodes(terms.steps)) // 2
    return np.asarray((value - european[:, :, None, :])[..., count - inner : count + inner + 1])


def _steps(terms: TreeTerms) -> _Steps:
    """Return the steps: an even number of one length between two dividends, preceded by empty steps."""
    cases = [
        _steps_of(*case, terms.steps) for case in zip(terms.ex_years, terms.shares, terms.years, strict=True)
    ]
    most = max(len(case.dt) for case in cases)
    padded = [_padded(case, most - len(case.dt)) for case in cases]
    return _Steps(*(np.stack(columns, axis=1) for columns in zip(*padded, strict=True)))


def _padded(case: _Steps, count: int) -> _Steps:
    """Return the steps with `count` empty ones before them."""
    front = (count, 0)
    return _Steps(
        np.pad(case.dt, front),
        np.pad(case.begins, front),
        np.pad(case.pays, front),
        np.pad(case.unpaid_before, front, mode="edge"),
        np.pad(case.unpaid, front, mode="edge"),
    )


def _steps_of(ex_years: Floats, shares: Floats, years: float, steps: int) -> _Steps:
    """Return the steps of one case, shape (n,)."""
    edges = np.concatenate(([0.0], ex_years, [years]))
    lengths = np.diff(edges)
    counts = 2 * np.maximum(np.ceil(0.5 * steps * lengths / years - 1e-6), 1).astype(np.intp)
    part = np.repeat(np.arange(len(lengths)), counts)
    within = np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = np.append(np.cumsum(shares[::-1])[::-1], 0.0)
    dt = (lengths / counts)[part]
    pays = (within == 0) & (part > 0)
    return _Steps(dt, edges[part] + within * dt, pays, left[np.where(pays, part - 1, part)], left[part])


def _held(terms: TreeTerms, steps: _Steps, start: Floats, width: Floats, every: int) -> Reals:
    """Return the value at the start, shape (h, v, q, nodes).

    Calls are exercised before dividends, puts after every `every`-th step.
    """
    carry = terms.rate - terms.borrow
    branches = steps.dt * terms.steps / (6.0 * terms.years)
    discounts = np.exp(-terms.rate * steps.dt)
    # The middle of the tree moves so that each step keeps the forward exactly.
    spread = 2.0 * (np.cosh(width) - 1.0)
    moves = (carry * steps.dt)[:, :, None] - np.log1p(branches[:, :, None] * spread)
    middle = np.exp(np.cumsum(moves, axis=0) - moves)
    unpaid = (steps.unpaid_before if terms.is_call else steps.unpaid) * np.exp(carry * steps.begins)
    if terms.is_call:
        # No exercise in the cases without a dividend at a step.
        unpaid = np.where(steps.pays, unpaid, -np.inf)
    down, up = (np.exp(sign * width).astype(_REAL)[:, :, None] for sign in (-1, 1))
    value = _last_step(terms, steps.dt[-1], start * middle[-1][:, :, None])
    last = len(steps.dt) - 1
    for number in range(last, -1, -1):
        if number < last:
            value = _step_back(value, branches[number], discounts[number], down, up)
        if number and (steps.pays[number].any() if terms.is_call else number % every == 0):
            level = start * middle[number][:, :, None]
            paid = terms.paid * unpaid[number][:, None]
            np.maximum(value, _exercised(terms, level, paid), out=value)
    return value


def _exercised(terms: TreeTerms, level: Floats, unpaid: Floats) -> Reals:
    """Return the payoff at lognormal parts of shape (h, v, nodes) plus unpaid dividends of shape (h, q)."""
    sign = 1.0 if terms.is_call else -1.0
    paid = (sign * (unpaid - 1.0)).astype(_REAL)
    return np.asarray((sign * level).astype(_REAL)[:, :, None, :] + paid[:, None, :, None])


def _last_step(terms: TreeTerms, dt: Floats, level: Floats) -> Reals:
    """Return European values one step before settlement, repeated for each size of the dividends."""
    column = (slice(None), None, None)
    forward = level * np.exp((terms.rate - terms.borrow) * dt)[column]
    volatility = terms.volatility[:, :, None]
    value = black_price(terms.is_call, forward, 1.0, dt[column], terms.rate[column], volatility)
    return np.repeat(value[:, :, None, :], terms.paid.shape[1], axis=2).astype(_REAL)


def _step_back(value: Reals, p: Floats, discount: Floats, down: Reals, up: Reals) -> Reals:
    """Return discounted mean values one step earlier. Beyond the outermost nodes the value is linear in spot."""
    outer, inner = ((discount * one).astype(_REAL)[:, None, None, None] for one in (p, 1.0 - 2.0 * p))
    held = np.empty_like(value)
    middle = held[..., 1:-1]
    np.add(value[..., 2:], value[..., :-2], out=middle)
    middle *= outer
    middle += inner * value[..., 1:-1]
    held[..., 0] = held[..., 1] + down * (held[..., 1] - held[..., 2])
    held[..., -1] = held[..., -2] + up * (held[..., -2] - held[..., -3])
    return held


def cubic_weights(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return Lagrange's weights of the values at 0, 1, 2 and 3 for a position between them."""
    a, b, c, d = x, x - 1.0, x - 2.0, x - 3.0
    return -b * c * d / 6.0, a * c * d / 2.0, -a * b * d / 2.0, a * b * c / 6.0
