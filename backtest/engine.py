"""Backtests of detectors: the scanner's own evaluation of past sessions, with the outcome of every firing.

Signals, scores and outcomes come from the functions that the live scanner uses, on the columns that it reads.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.columns import OutcomeColumns, columns_of
from backtest.priced.outcomes import OptionCosts, price_rows
from backtest.priced.stored import StoredOptions
from backtest.request import Request
from backtest.simulation.all_rows import all_rows
from backtest.simulation.data import parts
from backtest.simulation.fingerprint import Fingerprint
from backtest.simulation.shuffle import shuffled
from backtest.simulation.tested import PastSession, tested_day, tested_session
from quant.chain import Bools
from signals.detectors.registry import named
from signals.features.record import BarLength
from signals.market_view import MarketView
from signals.scan.daily_run import REACH_MS
from signals.scan.found import FoundSignal
from signals.scan.scan import Earlier
from warehouse import market_days
from warehouse.market_days import MarketDays

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SymbolResult:
    """The backtest of one symbol.

    `rows` holds one row per firing (`backtest.simulation.rows`) with the means of its random entries. `days` are the
    sessions of the range; `has_data` marks for each detector those of which it could answer at least one bar (d,), and
    `no_data` counts its bars without an answer by reason. `fingerprint` names the stored data on which the rows can
    depend.
    """

    symbol: str
    days: list[dt.date]
    rows: list[dict[str, Any]]
    has_data: Mapping[str, Bools]
    no_data: Mapping[str, Counter[str]]
    fingerprint: str


def backtest_detector(
    detector: str, symbol: str, start: dt.date, end: dt.date, timeframe: BarLength = "15m", **rules: Any
) -> OutcomeColumns:
    """Return the outcomes of a detector on a symbol from one session to another, both included.

    `detector` is a name or an alias of the registry, `rules` are further fields of `backtest.request.Request`. Raises
    KeyError for an unknown detector and for a symbol that is not watched. Without bars there is no outcome.
    """
    names = tuple(one.name for one in named(detector))
    return columns_of(backtest_symbol(Request((symbol,), names, start, end, timeframe, **rules), symbol).rows)


def backtest_symbol(
    request: Request, symbol: str, progress: Progress = lambda done, total: None
) -> SymbolResult:
    """Return the backtest of one symbol; it depends on the request and the stored data alone.

    `progress` is called after each session with the number of sessions done and their total. Raises KeyError for a
    symbol that is not watched.
    """
    market = market_days.read()
    days = request.sessions(market)
    tested: list[PastSession] = []
    fingerprint = Fingerprint()
    place = {day: row for row, day in enumerate(days)}
    has_data = {one.name: np.zeros(len(days), dtype=bool) for one in request.rules}
    no_data: dict[str, Counter[str]] = {one.name: Counter() for one in request.rules}
    earlier: list[Earlier] = []
    for view, part in parts(symbol, days, market, request.timeframe, request.until_ms):
        fingerprint.add(view, symbol, part)
        if request.shuffled:
            view = shuffled(view, symbol, request.timeframe, request.seed)
        for day in part:
            one = _tested(view, symbol, day, request, earlier)
            progress(place[day] + 1, len(days))
            known = 0 if one is None else int(np.count_nonzero(~np.isnan(one.slots.close)))
            bars = bars_of(request, market, day)
            for counts in no_data.values():
                counts["bar"] += bars - known
            if one is None:
                continue
            tested.append(one)
            for name, reasons in one.no_data.items():
                has_data[name][place[day]] = bool(np.any(reasons == ""))
                no_data[name].update(reasons[reasons != ""].tolist())
    rows = all_rows(tested, request)
    if request.priced:
        options = StoredOptions(symbol, market, request.until_ms, fingerprint)
        costs = OptionCosts(request.spread_share, request.option_commission)
        price_rows(rows, options, costs, lambda: progress(len(days), len(days)))
    return SymbolResult(symbol, days, rows, has_data, no_data, fingerprint.text())


def _tested(
    view: MarketView, symbol: str, day: dt.date, request: Request, earlier: list[Earlier]
) -> PastSession | None:
    """Test one session, and add its daily signals to the `earlier` ones of the next sessions."""
    if request.timeframe == "15m":
        return tested_session(view, symbol, day, request)
    since_ms = view.days.hours_ms(day)[0] - REACH_MS
    one = tested_day(view, symbol, day, request, [each for each in earlier if each.bar_end >= since_ms])
    if one is not None:
        signals = [signal for group in one.followed for signal in group.signals]
        earlier += [_earlier(signal) for signal in signals if signal.score.disposition == "ACTIVE"]
    return one


def bars_of(request: Request, market: MarketDays, day: dt.date) -> int:
    """Return the number of bars of a session on which a signal may fire."""
    return 1 if request.timeframe == "1d" else len(market.slots_ms(day)) - 1


def _earlier(signal: FoundSignal) -> Earlier:
    return Earlier(
        detector=signal.detector.name,
        side=signal.side,
        bar_end=signal.bar_end,
        reference=signal.reference,
        stop_price=signal.stop_price,
        target_prices=signal.target_prices,
    )
