"""The simulator's tree and its tables for single contracts, and samples of what the simulator prices."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from quant.sessions import SECONDS_PER_YEAR
from simulator.market.market import ChainTruth
from simulator.pricing.american_tree import TreeTerms, cubic_weights, moneyness_nodes, premiums
from simulator.pricing.black import black_price
from simulator.pricing.premium_table import steps_of

DAYS_PER_YEAR = 365


class Contract(NamedTuple):
    """One American contract; `dividends` are pairs (years, dollars) inside (0, years)."""

    is_call: bool
    spot: float
    strike: float
    years: float
    rate: float
    borrow: float
    volatility: float
    dividends: tuple[tuple[float, float], ...]


def tree_price(one: Contract, steps: int) -> float:
    """Return the price by the tree with this number of steps."""
    times = np.array([time for time, _ in one.dividends])
    values = np.array([cash for _, cash in one.dividends]) * np.exp(-(one.rate - one.borrow) * times)
    paid = float(values.sum())
    terms = TreeTerms(
        is_call=one.is_call,
        steps=steps,
        years=np.array([one.years]),
        rate=np.array([one.rate]),
        borrow=np.array([one.borrow]),
        ex_years=[times],
        shares=[values / values.sum()],
        volatility=np.array([[one.volatility]]),
        paid=np.array([[paid / one.strike]]),
    )
    premium, nodes = premiums(terms)[0, 0, 0], moneyness_nodes(steps)
    lognormal = one.spot - paid
    moneyness = math.log(lognormal / one.strike) / (one.volatility * math.sqrt(one.years))
    position = float(np.clip((moneyness - nodes[0]) / (nodes[1] - nodes[0]), 0, len(nodes) - 1))
    first = int(np.clip(int(position), 1, len(nodes) - 3)) - 1
    weights = cubic_weights(np.array(position - first))
    above = sum(float(weight) * float(premium[first + i]) for i, weight in enumerate(weights))
    forward = lognormal * math.exp((one.rate - one.borrow) * one.years)
    european = float(black_price(one.is_call, forward, one.strike, one.years, one.rate, one.volatility))
    sign = 1.0 if one.is_call else -1.0
    return max(european + above * one.strike, sign * (one.spot - one.strike))


def contract_of(truth: ChainTruth, row: int) -> tuple[Contract, int]:
    """Return the contract of a row of a chain, and the steps of the tree behind its table."""
    terms, state = truth.terms, truth.state
    settlement = terms.settlements.terms[terms.settlement[row]]
    shares = float(terms.shares[row])
    dividends = tuple(
        ((when - truth.moment.seconds) / SECONDS_PER_YEAR, cash * shares)
        for when, cash in settlement.dividends
    )
    is_call = bool(terms.is_call[row])
    numbers = (float(state.delivered[row]), float(terms.strike[row]), float(state.years[row]))
    one = Contract(
        is_call, *numbers, settlement.rate, settlement.borrow, float(state.volatility[row]), dividends
    )
    return one, steps_of(settlement, is_call)


def sample(count: int, seed: int) -> Iterator[Contract]:
    """Yield contracts like those of the simulator on a spot of 100 dollars; times are whole days."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        days = int(np.exp(random.uniform(np.log(2), np.log(700))))
        volatility = float(np.exp(random.uniform(np.log(0.12), np.log(0.8))))
        width = volatility * math.sqrt(days / DAYS_PER_YEAR)
        strike = round(100 * math.exp(float(np.clip(1.2 * random.normal() * width, -0.5, 0.5))), 1)
        cash = float(random.choice([0.0, 0.07, 0.30, 0.40]))
        ex_days = range(int(random.integers(1, 91)), days, 91) if cash else ()
        yield Contract(
            bool(random.random() < 0.5),
            100.0,
            strike,
            days / DAYS_PER_YEAR,
            float(random.uniform(0.038, 0.054)),
            float(random.choice([0.0, 0.004])),
            volatility,
            tuple((day / DAYS_PER_YEAR, cash) for day in ex_days),
        )


def instants() -> tuple[dt.datetime, ...]:
    """Return instants in sessions with an ex-date near, the next session, on the same day, and months away."""
    texts = ("2026-03-12T17:00", "2026-03-19T16:00", "2026-03-20T18:30", "2026-04-21T17:30")
    return tuple(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in texts)
