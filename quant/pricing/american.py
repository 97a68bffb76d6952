"""Prices, greeks and implied volatility of American options with discrete cash dividends.

Arguments: ``is_call`` (bool), ``spot`` and ``strike`` (dollars), ``years`` to settlement (calendar seconds / (365 x
86,400)), ``rate`` and ``borrow`` (continuously compounded per year, fractions of either sign; the underlying grows with
rate - borrow), ``volatility`` (a fraction per square root of a year). They broadcast to one shape, here called (n,).
``dividends`` is a sequence of (years from now, dollars per share), common to all contracts. Those from now until a
contract's settlement count, both ends included; the others have no effect on it. Calls for the same contracts are
faster with a ``DividendSchedule``, which keeps what was prepared for them. There is no time zone: all times are
distances from now.

Model: escrowed dividends, as in QuantLib's FdBlackScholesVanillaEngine with cashDividendModel Escrowed. Spot minus the
present value of the dividends that go ex until settlement is lognormal. Exercise is possible at any time, at a dividend
both before and after it, and its value uses the whole spot, unpaid dividends included.

Method: backward induction on a lattice common to all contracts of one settlement (``backward_induction``,
``settlement_solver``). Contracts that share a settlement share the preparation, so a call should hold whole chains. The
error of a price is below 1e-4 of spot; measured errors are in docs/conventions.md.

No value of an argument raises an error, apart from dividends. Missing results are NaN:

- NaN or infinity in any argument; spot or strike not above zero, negative years or volatility; dividends whose present
  value is the spot or more, for which the model is undefined.
- Zero years: the price is the intrinsic value, greeks are NaN.
- Where early exercise is possible, a volatility below 1e-6 / sqrt(years), zero included, is set to that, and one
  above 8 / sqrt(years) to that.

Dividends that are not finite or are negative raise ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quant.chain import Bools, Floats
from quant.pricing import american_iv, black_scholes
from quant.pricing.backward_induction import Terms
from quant.pricing.implied_vol import ImpliedVolatility
from quant.pricing.iv_status import IvStatus
from quant.pricing.settlement_solver import DividendSchedule, Settlement

Dividends = Sequence[tuple[float, float]]

# Shifts of volatility and rate for vega and rho. The induction is accurate to 1e-12, so they can be small.
_VOLATILITY_SHIFT = 1e-5
_RATE_SHIFT = 1e-6
_PER_POINT = 0.01


class Greeks(NamedTuple):
    """Sensitivities of one option on one share, arrays of one shape."""

    delta: Floats  # price per dollar of spot, 0 to 1 for calls, -1 to 0 for puts
    gamma: Floats  # delta per dollar of spot
    theta: Floats  # dollars per calendar day: value tomorrow, spot on its forward, due dividends paid, minus value now
    vega: Floats  # dollars per percentage point of volatility
    rho: Floats  # dollars per percentage point of rate, at unchanged spot, borrow yield and dividends


@np.errstate(all="ignore")
def price(
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    borrow: npt.ArrayLike,
    volatility: npt.ArrayLike,
    dividends: Dividends,
) -> Floats:
    """Return the value of the option in dollars, at least its value in immediate exercise; shape (n,)."""
    columns = _Columns.of(is_call, spot, strike, years, rate, borrow, volatility)
    value = np.full(columns.strike.shape, np.nan)
    gain = np.where(columns.is_call, columns.spot - columns.strike, columns.strike - columns.spot)
    settled = columns.usable() & (columns.years == 0.0)
    value[settled] = np.maximum(gain[settled], 0.0)
    for rows, settlement, terms in _settlements(columns, dividends):
        value[rows] = settlement.solve(terms, settlement.styles(terms)).value
    return value.reshape(columns.shape)


@np.errstate(all="ignore")
def greeks(
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    borrow: npt.ArrayLike,
    volatility: npt.ArrayLike,
    dividends: Dividends,
) -> Greeks:
    """Return the sensitivities in the units of ``Greeks``, each of shape (n,).

    A contract that settles within a day has the theta until settlement. Where immediate exercise is optimal delta is 1
    or -1 and gamma, vega and rho are 0. Delta and gamma are derivatives of the induction, vega and rho are differences
    of it; those of contracts without early exercise are Black's.
    """
    columns = _Columns.of(is_call, spot, strike, years, rate, borrow, volatility)
    result = Greeks(*(np.full(columns.strike.shape, np.nan) for _ in Greeks._fields))
    for rows, settlement, terms in _settlements(columns, dividends):
        found = _greeks_of(settlement, terms, columns.spot[rows])
        for column, values in zip(result, found, strict=True):
            column[rows] = values
    return Greeks(*(column.reshape(columns.shape) for column in result))


@np.errstate(all="ignore")
def implied_vol(
    is_call: npt.ArrayLike,
    price: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    borrow: npt.ArrayLike,
    dividends: Dividends,
) -> ImpliedVolatility:
    """Return the volatility at which the function ``price`` gives ``price``, and the reason where there is none.

    Both results have the shape (n,). Statuses are those of ``quant.pricing.implied_vol.solve``, the first that applies:

    - ``expired``: ``years`` not above zero, or NaN;
    - ``no_underlying``: spot, strike, rate or borrow is missing, infinite or (the first two) not above zero, or
      the dividends are worth the spot or more;
    - ``no_quote``: ``price`` is NaN or infinite;
    - ``below_intrinsic``: not above the value in immediate exercise, nor above the value without volatility;
    - ``above_maximum``: above the value at the volatility 4 / sqrt(years).
    """
    columns = _Columns.of(is_call, spot, strike, years, rate, borrow, 0.0, price)
    volatility = np.full(columns.strike.shape, np.nan)
    status = np.full(columns.strike.shape, IvStatus.no_underlying, dtype=np.int8)
    status[~(columns.years > 0.0)] = IvStatus.expired
    for rows, settlement, terms in _settlements(columns, dividends):
        volatility[rows], status[rows] = american_iv.solve(settlement, terms, columns.price[rows])
    return ImpliedVolatility(volatility.reshape(columns.shape), status.reshape(columns.shape))


class _Columns(NamedTuple):
    """Arguments as arrays of shape (n,), and the shape of the result."""

    shape: tuple[int, ...]
    is_call: Bools
    spot: Floats
    strike: Floats
    years: Floats
    rate: Floats
    borrow: Floats
    volatility: Floats
    price: Floats

    @classmethod
    def of(cls, is_call: npt.ArrayLike, *numbers: npt.ArrayLike) -> _Columns:
        floats = [np.asarray(number, dtype=np.float64) for number in numbers]
        columns = np.broadcast_arrays(np.asarray(is_call, dtype=np.bool_), *floats)
        flat = [column.reshape(-1) for column in columns]
        return cls(columns[0].shape, *flat, *([flat[-1]] if len(numbers) < len(cls._fields) - 2 else []))

    def usable(self) -> Bools:
        """Return where all arguments except ``price`` are possible."""
        possible = (self.spot > 0.0) & (self.strike > 0.0) & (self.years >= 0.0) & (self.volatility >= 0.0)
        for column in (self.spot, self.strike, self.years, self.rate, self.borrow, self.volatility):
            possible &= np.isfinite(column)
        return possible


def _settlements(
    columns: _Columns, dividends: Dividends
) -> Iterator[tuple[npt.NDArray[np.intp], Settlement, Terms]]:
    """Yield the rows of each settlement whose contracts can be priced, with the terms of these rows."""
    possible = np.flatnonzero(columns.usable() & (columns.years > 0.0))
    table, member = np.unique(columns.years[possible], return_inverse=True)
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(table.size + 1))
    schedule = dividends if isinstance(dividends, DividendSchedule) else DividendSchedule(dividends)
    for index, years in enumerate(table.tolist()):
        rows = possible[order[bounds[index] : bounds[index + 1]]]
        settlement = schedule.settlement(years)
        diffusing = settlement.diffusing(columns.spot[rows], columns.rate[rows] - columns.borrow[rows])
        rows, diffusing = rows[diffusing > 0.0], diffusing[diffusing > 0.0]
        yield (
            rows,
            settlement,
            Terms(
                columns.is_call[rows],
                diffusing,
                columns.strike[rows],
                columns.rate[rows],
                columns.borrow[rows],
                columns.volatility[rows],
            ),
        )


def _greeks_of(settlement: Settlement, terms: Terms, spot: Floats) -> Greeks:
    """Return the greeks of one settlement from one solution of the contracts and their two shifted copies."""
    count = spot.size
    rate = terms.rate + _RATE_SHIFT
    shifted = (
        terms,
        terms._replace(volatility=terms.volatility + _VOLATILITY_SHIFT),
        terms._replace(rate=rate, diffusing=settlement.diffusing(spot, rate - terms.borrow)),
    )
    styles = settlement.styles(terms)
    together = Terms(*(np.concatenate(parts) for parts in zip(*shifted, strict=True)))
    solution = settlement.solve(together, styles.repeated(len(shifted)))
    value, by_volatility, by_rate = solution.value.reshape(len(shifted), count)
    # The value of immediate exercise depends on neither; the difference of rounding errors would.
    waits = settlement.exercised_now(terms) < value
    vega = np.where(waits, (by_volatility - value) / _VOLATILITY_SHIFT * _PER_POINT, 0.0)
    rho = np.where(waits, (by_rate - value) / _RATE_SHIFT * _PER_POINT, 0.0)
    exact = black_scholes.greeks(
        terms.is_call,
        terms.diffusing,
        terms.strike,
        settlement.years,
        terms.rate,
        terms.borrow,
        terms.volatility,
    )
    spot_by_rate = -settlement.dividends.unpaid_by_rate(terms.rate - terms.borrow)
    return Greeks(
        # A negative borrow yield, or a spot that is outdated, gives Black's delta a little more than 1.
        delta=np.clip(solution.delta[:count], -1.0, 1.0),
        gamma=solution.gamma[:count],
        theta=solution.later[:count] - value,
        vega=np.where(styles.european, exact.vega, np.maximum(vega, 0.0)),
        rho=np.where(styles.european, exact.rho + exact.delta * spot_by_rate * _PER_POINT, rho),
    )
