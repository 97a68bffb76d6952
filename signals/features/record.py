"""The record of features of one symbol: what a detector may know at each bar.

All arrays have one row per bar, shape (n,), oldest first: the bars from the anchor of a session to its newest bar, all
on the share basis of that session. Rows of the evaluated session begin at `first_row`; rows before it are its past,
which windows reach into, and their columns of gamma, flow, volatility and regime are missing. A missing number is NaN,
a missing text ''. Yes-or-no features are 1.0, 0.0 or NaN. Times are epoch ms; prices dollars or index points.

A value of row i uses only facts known at the evaluation instant of bar i. The same record is built for now and for any
past session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np

from quant.chain import Bools, Floats
from signals.features.context_columns import FlowColumns, FrameColumns, GammaColumns, IvColumns, RegimeColumns
from signals.features.mirroring import Mirror, Percent, Price, Share, Signed
from warehouse.asof.rows import Texts, Times

BarLength = Literal["15m", "1d"]
LOOK_BACK = 26  # rows before the evaluated session; no detector reads a row that is farther away from its own


@dataclass(frozen=True, slots=True)
class Features:
    """Features of the bars of one symbol and timeframe; see the module for shapes and units.

    `first_of_session` marks the first slot of a session, and `follows` rows whose row before is the slot before within
    the session (on 1d: the session before). `minutes_open` and `minutes_left` are from the session's open to the end of
    the bar and from there to its close. `missing` is the reason why a whole row has no data ("unexplained jump"), ''
    where it has. `reasons` maps the name of a feature to the reasons why its value is missing, shape (n,), '' where it
    is not; a feature that it does not name is missing for its own name. `first_direction` is the sign of the session's
    first bar, and `first_rvol_bar`, `first_high` and `first_low` are its relative volume and extremes.
    """

    symbol: str
    timeframe: BarLength
    first_row: int
    start_ms: Times
    end_ms: Times
    at_ms: Times  # evaluation instant
    session: Times  # number of the session of a row, ascending
    first_of_session: Bools
    follows: Bools
    minutes_open: Floats
    minutes_left: Floats
    missing: Texts
    reasons: Mapping[str, Texts]

    open: Price
    high: Annotated[Floats, Mirror("negative", "low")]
    low: Annotated[Floats, Mirror("negative", "high")]
    close: Price
    volume: Floats

    ema9: Price
    ema20: Price
    ema21: Price
    ema50: Price
    ema200: Price
    rsi14: Percent
    atr14: Floats
    adx14: Floats
    macd_hist: Signed
    prior_high20: Annotated[Floats, Mirror("negative", "prior_low20")]
    prior_low20: Annotated[Floats, Mirror("negative", "prior_high20")]
    atr_percentile: Floats

    vwap: Price
    vwap_distance: Signed  # fraction of the price
    rvol: Floats
    rvol_bar: Floats
    close_location: Share

    day_open: Price
    day_high: Annotated[Floats, Mirror("negative", "day_low")]
    day_low: Annotated[Floats, Mirror("negative", "day_high")]
    prior_close: Price
    return_from_close: Signed
    atr_day14: Floats
    first_direction: Signed
    first_rvol_bar: Floats
    first_high: Annotated[Floats, Mirror("negative", "first_low")]
    first_low: Annotated[Floats, Mirror("negative", "first_high")]

    gamma: GammaColumns
    flow: FlowColumns
    iv: IvColumns
    regime: RegimeColumns
    frames: FrameColumns

    def __len__(self) -> int:
        return len(self.start_ms)

    def previous(self, values: Floats) -> Floats:
        """Return the value of the slot before each row in its session (on 1d: the session before), NaN without."""
        return np.where(self.follows, earlier(values, 1), np.nan)


def earlier(values: Floats, rows: int) -> Floats:
    """Return the value `rows` existing rows before each row, across sessions; NaN for the first ones."""
    shifted = np.full(len(values), np.nan)
    if rows < len(values):
        shifted[rows:] = values[: len(values) - rows]
    return shifted


def window(values: Floats, first: int, last: int = 0) -> Floats:
    """Return the values of rows i - first to i - last as an array (first - last + 1, n), NaN before the first row."""
    return np.stack([earlier(values, rows) if rows else values for rows in range(first, last - 1, -1)])


def recent(features: Features) -> Features:
    """Return the record without the rows that are more than `LOOK_BACK` before the evaluated session.

    Detectors answer the same on its rows, several times faster: the past that the indicators need is 32 times as long
    as the session.
    """
    first = max(features.first_row - LOOK_BACK, 0)
    reasons = {name: texts[first:] for name, texts in features.reasons.items()}
    rows: Features = _since(features, first)
    return replace(rows, first_row=features.first_row - first, reasons=reasons)


def _since(record: Any, first: int) -> Any:
    """Return a record of columns, also of those of the records within it, from the row `first` on."""
    found = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if isinstance(value, np.ndarray):
            found[one.name] = value[first:]
        elif is_dataclass(value):
            found[one.name] = _since(value, first)
    return replace(record, **found)
