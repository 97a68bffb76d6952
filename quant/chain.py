"""Option chain as columns: one array per property, one position per contract."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.distinct import distinct

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

DAYS_PER_YEAR = 365.0
# Contracts of today have at most 7 hours left during a session, those of tomorrow at least 17.
_HALF_A_DAY = 0.5
_MOST_CODES = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class OptionChain:
    """Every listed contract of one underlying at one instant; absent numbers are NaN.

    All arrays have shape (n,) and the same order. Money is in dollars per share, `years` is calendar
    seconds to the settlement instant / (365 * 86,400) and is not positive once settled,
    `implied_volatility` is a fraction, `gamma` is per dollar of the underlying. `forward` is the price of the
    underlying for delivery at settlement, `rate` the continuous interest rate per year until then. `spot` is NaN when
    the underlying's price is unknown.

    Raises ValueError when the arrays differ in length or the spot is not a positive number (or NaN).
    """

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: Bools
    strike: Floats
    years: Floats
    bid: Floats
    ask: Floats
    last: Floats
    volume: Floats
    open_interest: Floats
    multiplier: Floats
    delta: Floats
    gamma: Floats
    implied_volatility: Floats
    forward: Floats
    rate: Floats
    spot: float

    def __post_init__(self) -> None:
        dtypes: dict[str, Any] = {"root": np.str_, "expiration": "datetime64[D]", "is_call": np.bool_}
        for name in COLUMNS:
            column = np.asarray(getattr(self, name), dtype=dtypes.get(name, np.float64))
            if column.ndim != 1:
                raise ValueError(f"{name} must be one-dimensional, it has {column.ndim} dimensions")
            object.__setattr__(self, name, column)
        lengths = {name: len(getattr(self, name)) for name in COLUMNS}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a chain must be equally long: {lengths}")
        spot = float(self.spot)
        if np.isinf(spot) or spot <= 0:
            raise ValueError(f"the spot must be a positive number, or NaN when unknown: {spot}")
        object.__setattr__(self, "spot", spot)

    @classmethod
    def of(
        cls,
        *,
        root: NDArray[np.str_],
        expiration: NDArray[np.datetime64],
        is_call: Bools,
        strike: Floats,
        years: Floats,
        spot: float,
        **known: Floats,
    ) -> OptionChain:
        """Return a chain from the known columns, each of shape (n,); the others are NaN.

        Raises TypeError for an unknown column, and ValueError as the class does.
        """
        absent = {name: np.full(len(strike), np.nan) for name in _NUMBERS if name not in known}
        return cls(
            root=root,
            expiration=expiration,
            is_call=is_call,
            strike=strike,
            years=years,
            spot=spot,
            **absent,
            **known,
        )

    def __len__(self) -> int:
        return len(self.strike)

    def select(self, mask: NDArray[Any]) -> OptionChain:
        """Return the contracts that a boolean mask or an index array selects, in its order."""
        return OptionChain(**{name: getattr(self, name)[mask] for name in COLUMNS}, spot=self.spot)

    def groups(self, *columns: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Group the contracts by settlement, and further by `columns`, each of shape (n,).

        A settlement is a root and an instant: contracts of different roots are never equal, because an adjusted root
        (T1) settles with its standard one. Returns the number of each contract's group, shape (n,), and the position of
        a contract of each group, shape (g,). Groups are in order of time, root, and columns.
        """
        codes, count = np.zeros(len(self), dtype=np.int64), 1
        for key in (self.years, self.root, *columns):
            values, _, code = distinct(key)
            if count * len(values) > _MOST_CODES:
                occurring, _, codes = distinct(codes)
                count = len(occurring)
            codes = codes * len(values) + code
            count *= len(values)
        _, first, member = distinct(codes)
        return member, first

    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return put and call of every strike that has both, by settlement and strike; arrays of one length."""
        member, _ = self.groups()
        return strike_pairs(member, self.strike, self.is_call)

    @property
    def carry(self) -> tuple[Floats, Floats]:
        """Forward and rate of each contract, shape (n,); where they are unknown, spot and 0."""
        known = np.isfinite(self.forward) & np.isfinite(self.rate) & (self.forward > 0)
        return np.where(known, self.forward, self.spot), np.where(known, self.rate, 0.0)

    @property
    def days_to_expiry(self) -> Floats:
        """Calendar days from the New York date of the instant to the expiration date, shape (n,).

        Derived from `years`: settlements are at 16:00, 13:00 or 09:30, so the result is right for every instant between
        05:00 and 20:00, also across changes of daylight saving time. 0 is the day of expiration.
        """
        days: Floats = np.ceil(self.years * DAYS_PER_YEAR - _HALF_A_DAY)
        return days + 0.0  # converts -0.0 to 0.0


COLUMNS = tuple(field.name for field in fields(OptionChain) if field.name != "spot")
_NUMBERS = COLUMNS[5:]  # columns that may be absent: all except the terms of the contract


def strike_pairs(
    member: NDArray[np.intp], strike: Floats, is_call: Bools
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the put and the call of every strike that has both, ascending by settlement and strike.

    `member` is the number of each contract's settlement; all arguments have shape (n,), the results one length.
    """
    order = np.lexsort((is_call, strike, member))
    put, call = order[:-1], order[1:]
    paired = (member[put] == member[call]) & (strike[put] == strike[call]) & ~is_call[put] & is_call[call]
    return put[paired], call[paired]
