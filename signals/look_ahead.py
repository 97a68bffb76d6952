"""Check that no feature and no detector uses a fact from after the instant at which its bar is evaluated.

The features of a bar are computed again from a view in which every fact that was not known at the bar's evaluation
instant is absent, missing or random. They have to be equal, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from signals.features.record import Features
from signals.market_view import Instrument, MarketView, SymbolView

Later = Literal["absent", "missing", "random"]
LATER: tuple[Later, ...] = ("absent", "missing", "random")
_Columns = TypeVar("_Columns")
_KNOWN = ("known_at", "valid_from")


def as_known(view: MarketView, at_ms: int, later: Later = "absent") -> MarketView:
    """Return a view in which the facts that were not known at an instant (epoch ms) are replaced.

    "absent" leaves out their rows, "missing" sets their numbers to NaN and their texts to '', "random" to random
    numbers of their size. The times of rows are unchanged.
    """
    symbols = {name: _symbol(one, at_ms, later) for name, one in view.symbols.items()}
    return replace(view, symbols=symbols, regime=_columns(view.regime, at_ms, later), last_ms=at_ms)


def differing(found: Features, again: Features | None, at_ms: int) -> list[str]:
    """Return the features that differ between two records on the bar that is evaluated at an instant.

    Names have a dot for columns of a context. A record without that bar differs in "missing".
    """
    rows = [None if record is None else _row(record, at_ms) for record in (found, again)]
    if again is None or rows[0] is None or rows[1] is None:
        return [] if rows[0] == rows[1] else ["missing"]
    pairs = zip(arrays(found), arrays(again), strict=True)
    return [name for (name, values), (_, others) in pairs if not _equal(values[rows[0]], others[rows[1]])]


def arrays(record: Any, prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield name and values of every column of a record of features, those of contexts with a dot."""
    for one in fields(record):
        value = getattr(record, one.name)
        if is_dataclass(value):
            yield from arrays(value, f"{prefix}{one.name}.")
        elif isinstance(value, np.ndarray):
            yield prefix + one.name, value


def check(
    view: MarketView, compute: Callable[[MarketView], Features | None], instants_ms: list[int]
) -> dict[int, list[str]]:
    """Return which features change at which instants when later facts are replaced; empty if none does.

    `compute` builds the record from a view. `instants_ms` are evaluation instants of its bars.
    """
    whole = compute(view)
    found: dict[int, list[str]] = {}
    if whole is None:
        return found
    for at_ms in instants_ms:
        again = [compute(as_known(view, at_ms, later)) for later in LATER]
        names = {name for record in again for name in differing(whole, record, at_ms)}
        if names:
            found[at_ms] = sorted(names)
    return found


def _symbol(one: SymbolView, at_ms: int, later: Later) -> SymbolView:
    prices = _instrument(one.prices, at_ms, later)
    other = one.volume is not None and one.volume is not one.prices
    return replace(
        one,
        prices=prices,
        volume=_instrument(one.volume, at_ms, later) if other and one.volume else one.volume and prices,
        gamma=_columns(one.gamma, at_ms, later),
        flow=None if one.flow is None else _columns(one.flow, at_ms, later),
        iv=_columns(one.iv, at_ms, later),
        term=_columns(one.term, at_ms, later),
        events=_columns(one.events, at_ms, later),
        curve=None if one.curve is None else _columns(one.curve, at_ms, later),
    )


def _instrument(one: Instrument, at_ms: int, later: Later) -> Instrument:
    bars = {timeframe: _columns(found, at_ms, later) for timeframe, found in one.bars.items()}
    return replace(one, bars=bars, splits=tuple(split for split in one.splits if split.known_at <= at_ms))


def _columns(found: _Columns, at_ms: int, later: Later) -> _Columns:
    (known,) = (getattr(found, one.name) for one in fields(found) if one.name in _KNOWN)  # type: ignore[arg-type]  # any dataclass
    unknown = known > at_ms
    columns: dict[str, Any] = {one.name: getattr(found, one.name) for one in fields(found)}  # type: ignore[arg-type]  # any dataclass
    if later == "absent":
        return type(found)(**{name: values[~unknown] for name, values in columns.items()})
    generator = np.random.default_rng(at_ms)
    for name, values in columns.items():
        if name in _KNOWN or values.dtype.kind not in "fU":
            continue
        blank: Any = "" if values.dtype.kind == "U" else np.nan
        if later == "random" and values.dtype.kind == "f":
            blank = generator.uniform(0.5, 2.0, len(values)) * np.nan_to_num(values, nan=1.0)
        columns[name] = np.where(unknown, blank, values)
    return type(found)(**columns)


def _row(record: Features, at_ms: int) -> int | None:
    rows = np.flatnonzero(record.at_ms[record.first_row :] == at_ms)
    return int(rows[0]) + record.first_row if len(rows) else None


def _equal(left: Any, right: Any) -> bool:
    one, other = np.atleast_1d(left), np.atleast_1d(right)
    width = max(len(one), len(other))
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    # A column of roots has as many places as the view has roots at most.
    left, right = (np.append(each, np.full(width - len(each), np.nan)) for each in (one, other))
    return bool(np.array_equal(left, right, equal_nan=True))
