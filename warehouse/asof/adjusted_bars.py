"""Bars adjusted for splits as known at an instant. Stored bars are as traded; `warehouse.asof.bars` reads those.

A split divides the prices of earlier bars by the number of new shares per old one, and multiplies their volumes by it.
It is in effect from its ex-date on. A weekly bar has the shares of the end of its week.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from quant import sessions
from quant.chain import Floats
from warehouse import clock
from warehouse.asof import bars
from warehouse.asof.bars import Bars
from warehouse.asof.corporate_actions import Split, splits_of
from warehouse.asof.rows import Times
from warehouse.models.enums import Timeframe


@dataclass(frozen=True, slots=True)
class BarHistory:
    """Bars of one symbol as traded, and all splits after the first of them, ascending."""

    timeframe: str
    bars: Bars
    splits: tuple[Split, ...] = ()

    def adjusted(self, at_ms: int) -> Bars:
        """Return the bars per share of an instant, epoch ms."""
        in_effect = [split for split in self.splits if split.is_in_effect(at_ms)]
        if not in_effect:
            return self.bars
        return per_share(self.bars, shares_per_share(self.bars.start_ms, in_effect, self.timeframe))


def read(symbol: str, timeframe: str, first_ms: int, last_ms: int, at_ms: int) -> Bars:
    """Return the bars that start from `first_ms` to `last_ms`, both included, per share of the instant `at_ms`.

    Splits that were known and in effect at `at_ms` (epoch ms) are applied. Bars that may have been adjusted when they
    were fetched are left out where a split followed them.
    """
    return read_history(symbol, timeframe, first_ms, last_ms).adjusted(at_ms)


def read_history(symbol: str, timeframe: str, first_ms: int, last_ms: int) -> BarHistory:
    """Return the bars of `read` before splits are applied, for reading them as of several instants."""
    found = bars.read(symbol, timeframe, first_ms, last_ms)
    if not len(found):
        return BarHistory(timeframe, found)
    start_ms = int(found.start_ms[0])
    after = sessions.new_york_date(clock.instant(start_ms)) + dt.timedelta(days=1)
    splits = splits_of([symbol], after, dt.date.max).get(symbol, ())
    if splits:
        until = until_ms(splits[-1].ex_date, timeframe)
        unknown = bars.of_unknown_shares([symbol], timeframe, start_ms, until - 1).start_ms
        found = found.pick(~np.isin(found.start_ms, unknown))
    return BarHistory(timeframe, found, splits)


def to_end_of_week(found: Bars, splits: Iterable[Split]) -> Bars:
    """Return daily bars of whole weeks per share of the end of their week."""
    ratio = np.ones(len(found))
    for split in splits:
        first, until = until_ms(split.ex_date, Timeframe.WEEK), until_ms(split.ex_date, Timeframe.DAY)
        ratio[(found.start_ms >= first) & (found.start_ms < until)] *= split.shares
    return per_share(found, ratio)


def shares_per_share(start_ms: Times, splits: Iterable[Split], timeframe: str) -> Floats:
    """Return how many shares one share of each bar, given by its start (n,), has become by splits; shape (n,)."""
    ratio = np.ones(len(start_ms))
    for split in splits:
        ratio[start_ms < until_ms(split.ex_date, timeframe)] *= split.shares
    return ratio


def per_share(found: Bars, ratio: Floats) -> Bars:
    """Return bars with prices divided and volumes multiplied by `ratio` (n,)."""
    prices = {name: getattr(found, name) / ratio for name in ("open", "high", "low", "close", "vwap")}
    return replace(found, volume=found.volume * ratio, **prices)


def until_ms(ex_date: dt.date, timeframe: str) -> int:
    """Return the time before which bars of a timeframe start that have the old shares; epoch ms.

    The close of the session before serves as the time, because a daily bar starts at midnight, a shorter one at the
    open.
    """
    first_new = ex_date - dt.timedelta(days=ex_date.weekday()) if timeframe == Timeframe.WEEK else ex_date
    return clock.epoch_ms(sessions.close_of(sessions.previous_session(first_new)))
