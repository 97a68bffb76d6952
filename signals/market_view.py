"""The stored market of several symbols over a range of sessions: the columns from which features are computed.

The same function serves the scanner, for which the range is the present session, and a backtest. Every row carries
`known_at`, and `signals.features` uses a row only from then on. Times are epoch ms; prices are as traded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ingestion import fetched_ranges
from ingestion.bars.bar_times import midnight_ms
from ingestion.bars.historical_bars import task_of
from ingestion.fetched_ranges import Stretch
from quant import sessions
from quant.chain import Floats
from signals.anchors import BAR_ANCHOR, FLOW_ANCHOR, REGULAR, first_days
from warehouse import clock, market_days
from warehouse.asof import bars, corporate_actions, expiration_curve, gamma, iv, regime
from warehouse.asof.corporate_actions import Split
from warehouse.asof.expiration_curve import SlotVolatilities
from warehouse.asof.gamma import GammaSlots
from warehouse.asof.iv import EventVersions, IvDays, TermDays
from warehouse.asof.regime import RegimeDays
from warehouse.asof.rows import Times, picked
from warehouse.asof.sums import gaps, versions
from warehouse.asof.sums.gaps import Gap
from warehouse.asof.sums.versions import FlowVersions
from warehouse.market_days import MarketDays
from warehouse.models.enums import Timeframe, UnderlyingKind
from warehouse.queries import watchlist_entries

DAILY_REACH_MS = 15 * sessions.DAY_MS  # before the first session, in which a daily row is looked for
TERM_REACH_MS = 45 * sessions.DAY_MS  # of which the term structure is compared with its mean
EVENT_DAYS = 120  # in which the next event is looked for
MEAN_SESSIONS = 21  # of which the volatility of an expiration has a mean
FIRST_MINUTES = 15  # of a session, from which the first bar of an index can be built again


@dataclass(frozen=True, slots=True)
class KnownBars:
    """Bars of one symbol and timeframe as traded, oldest first, with the times at which they were known; shape (n,)."""

    start_ms: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    known_at: Floats

    def __len__(self) -> int:
        return len(self.start_ms)

    def pick(self, rows: np.ndarray | slice) -> KnownBars:
        """Return the bars in a mask (n,), a list of positions or a slice."""
        return picked(self, rows)

    def followed_by(self, later: KnownBars) -> KnownBars:
        """Return these bars and later ones."""
        names = [one.name for one in fields(self)]
        return KnownBars(*(np.concatenate([getattr(self, name), getattr(later, name)]) for name in names))

    def between(self, first_ms: int, until_ms: int) -> KnownBars:
        """Return the bars that start at `first_ms` or later and before `until_ms`."""
        return self.pick(slice(*np.searchsorted(self.start_ms, (first_ms, until_ms))))


@dataclass(frozen=True, slots=True)
class Instrument:
    """Bars by timeframe and splits of one symbol, and the times of the sessions of which its bars were fetched."""

    bars: Mapping[str, KnownBars]
    splits: tuple[Split, ...]
    fetched: tuple[Stretch, ...] = ()

    def is_fetched(self, first_ms: int, until_ms: int) -> bool:
        """Return whether the bars between two instants were fetched, so that none means no trade."""
        return any(one.after_ms <= first_ms and until_ms <= one.until_ms for one in self.fetched)


@dataclass(frozen=True, slots=True)
class SymbolView:
    """The stored columns of one symbol; `flow` is None if no sums of trades are stored.

    `volume` is the instrument whose volume counts: the symbol's own, that of its reference for an index, None for an
    index without one.
    """

    symbol: str
    kind: UnderlyingKind
    prices: Instrument
    volume: Instrument | None
    gamma: GammaSlots
    flow: FlowVersions | None
    iv: IvDays
    term: TermDays
    events: EventVersions
    curve: SlotVolatilities | None


@dataclass(frozen=True, slots=True)
class MarketView:
    """The stored columns of several symbols, and of the whole market, over a range of sessions.

    The range ends at `last_ms`: a bar that is evaluated later has not ended yet. `delay_ms` is the delay of the
    provider's data, by which every bar is evaluated later. `days` are the sessions that take place.
    """

    symbols: Mapping[str, SymbolView]
    regime: RegimeDays
    gaps: tuple[Gap, ...]
    last_ms: int
    delay_ms: int
    days: MarketDays = REGULAR


def read(
    symbols: Sequence[str], first_ms: int, last_ms: int, timeframe: str = "15m", delay_ms: int = 0
) -> MarketView:
    """Return the stored columns for evaluating the bars of the sessions between two instants, both included.

    `timeframe` is 15m or 1d. The columns reach back to the anchors of the first session. Inside
    `warehouse.asof.at(t)` they hold only what was known at t. A symbol that is not watched is left out.
    """
    entries = {str(entry.symbol): entry for entry in watchlist_entries() if str(entry.symbol) in symbols}
    first = sessions.new_york_date(clock.instant(first_ms))
    references = {
        str(e.reference_symbol) for e in entries.values() if _is_index(e.kind) and e.reference_symbol
    }
    indices = [symbol for symbol, entry in entries.items() if _is_index(entry.kind)]
    market_sessions = market_days.read()
    instruments = _instruments(
        sorted({*entries, *references}), indices, first, last_ms, timeframe, market_sessions
    )
    flow_ms, before_ms = (midnight_ms(market_sessions.before(first, count)) for count in (FLOW_ANCHOR, 2))
    last = sessions.new_york_date(clock.instant(last_ms))
    names = list(entries)
    sums = versions.read(names, flow_ms, last_ms)
    slots = gamma.slots_of(names, before_ms, last_ms)
    days = iv.read_of(names, before_ms - DAILY_REACH_MS, last_ms)
    terms = iv.term_of(names, before_ms - TERM_REACH_MS, last_ms)
    events = iv.event_versions_of(names, first, last + dt.timedelta(days=EVENT_DAYS))
    found = {}
    for symbol, entry in entries.items():
        own = instruments[symbol]
        reference = instruments.get(str(entry.reference_symbol)) if entry.reference_symbol else None
        found[symbol] = SymbolView(
            symbol=symbol,
            kind=UnderlyingKind(entry.kind),
            prices=own,
            volume=reference if _is_index(entry.kind) else own,
            gamma=slots[symbol],
            flow=sums.get(symbol),
            iv=days[symbol],
            term=terms[symbol],
            events=events[symbol],
            curve=_curve(symbol, events[symbol], first, last, market_sessions),
        )
    market = regime.read(before_ms - DAILY_REACH_MS, last_ms)
    return MarketView(found, market, gaps.read(before_ms, last_ms), last_ms, delay_ms, market_sessions)


def _curve(
    symbol: str, events: EventVersions, first: dt.date, last: dt.date, days: MarketDays
) -> SlotVolatilities | None:
    """Return the volatilities of the slots of the range and of the last slots of 21 sessions before, near an event."""
    soon = np.datetime64(days.following(last))
    if not np.any(events.date <= soon):
        return None
    before = days.sessions(days.before(first, MEAN_SESSIONS), first - dt.timedelta(days=1))
    slots = [days.slots_ms(day)[-1] for day in before]
    slots += [slot for day in days.sessions(first, last) for slot in days.slots_ms(day)]
    return expiration_curve.volatilities(symbol, slots)


def _is_index(kind: str) -> bool:
    return kind == UnderlyingKind.INDEX


def _instruments(
    symbols: list[str], indices: list[str], first: dt.date, last_ms: int, timeframe: str, days: MarketDays
) -> dict[str, Instrument]:
    reach = {Timeframe(name): day for name, day in first_days(first, days).items()}
    if timeframe == Timeframe.DAY:
        reach = {Timeframe.DAY: reach[Timeframe.DAY]}
    found: dict[str, dict[str, KnownBars]] = {symbol: {} for symbol in symbols}
    for name, day in reach.items():
        since_ms = midnight_ms(day)
        if name == Timeframe.QUARTER_HOUR:
            # Bars before the anchor of features are for longer frames, which need no volume.
            before_ms, since_ms = since_ms, midnight_ms(days.before(first, BAR_ANCHOR))
            many = bars.read_many(symbols, name, before_ms, since_ms - 1, _PRICES)
            _spread(many, "earlier", symbols, found)
        columns = _PRICES if name == Timeframe.FIVE_MINUTES else _COLUMNS
        _spread(bars.read_many(symbols, name, since_ms, last_ms, columns), name, symbols, found)
    if timeframe != Timeframe.DAY:
        _put_before("earlier", Timeframe.QUARTER_HOUR, symbols, found)
    if timeframe != Timeframe.DAY:
        own = bars.read_many(symbols, Timeframe.MINUTE, midnight_ms(first), last_ms, _COLUMNS)
        _spread(own, Timeframe.MINUTE, symbols, found)
        if indices:
            earlier = days.sessions(reach[Timeframe.QUARTER_HOUR], first - dt.timedelta(days=1))
            _add_first_minutes(indices, [days.hours_ms(day)[0] for day in earlier], found)
    oldest = min(reach.values())
    splits = corporate_actions.splits_of(symbols, oldest, dt.date.max)
    fetched = _fetched(symbols, first, last_ms) if timeframe != Timeframe.DAY else {}
    return {
        symbol: Instrument(found[symbol], splits.get(symbol, ()), fetched.get(symbol, ()))
        for symbol in symbols
    }


def _fetched(symbols: list[str], first: dt.date, last_ms: int) -> dict[str, tuple[Stretch, ...]]:
    """Return the ranges of which bars of a minute or of 15 minutes were fetched, by symbol."""
    whole = Stretch(midnight_ms(first), last_ms)
    found: dict[str, tuple[Stretch, ...]] = {}
    for frame in (Timeframe.MINUTE, Timeframe.QUARTER_HOUR):
        for symbol, ranges in fetched_ranges.covered_by(task_of(frame), symbols, whole).items():
            found[symbol] = (*found.get(symbol, ()), *ranges)
    return found


def _add_first_minutes(indices: list[str], opens: list[int], found: dict[str, dict[str, KnownBars]]) -> None:
    """Add the first minutes of earlier sessions, which show whether the open of an index is true."""
    starts = [open_ms + sessions.MINUTE_MS * minute for open_ms in opens for minute in range(FIRST_MINUTES)]
    many = bars.read_starts(indices, Timeframe.MINUTE, starts, _COLUMNS)
    _spread(many, "first", indices, found)
    _put_before("first", Timeframe.MINUTE, indices, found)


def _put_before(
    part: str, timeframe: str, symbols: list[str], found: dict[str, dict[str, KnownBars]]
) -> None:
    """Join bars that were read under the name `part` with the later ones of a length."""
    for symbol in symbols:
        found[symbol][timeframe] = found[symbol].pop(part).followed_by(found[symbol][timeframe])


_COLUMNS = tuple(one.name for one in fields(KnownBars) if one.name != "start_ms")
_PRICES = ("open", "high", "low", "close", "known_at")  # of bars whose volume nobody asks for


def _spread(
    many: bars.ManyBars, timeframe: str, symbols: list[str], found: dict[str, dict[str, KnownBars]]
) -> None:
    limits = np.searchsorted(many.place, np.arange(len(symbols) + 1))
    for place, symbol in enumerate(symbols):
        rows = slice(limits[place], limits[place + 1])
        columns = {name: column[rows] for name, column in many.numbers.items()}
        missing = {
            name: np.full(len(many.start_ms[rows]), np.nan) for name in _COLUMNS if name not in columns
        }
        found[symbol][timeframe] = KnownBars(start_ms=many.start_ms[rows], **columns, **missing)
