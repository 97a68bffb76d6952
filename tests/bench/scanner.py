"""One pass of the scanner over 100 symbols: all columns read, all detectors and engines, signals stored."""

from __future__ import annotations

from quant import sessions
from quant.sessions import MINUTE_MS
from signals import market_view
from signals.features.history import EVALUATED_AFTER_MS
from signals.market_view import MarketView
from signals.scan.due import DueBar
from signals.scan.run import Scanned, scan_bar
from signals.scan.scan import scan_session
from tests.bench.measure import Measured, best_ms, seconds_of
from tests.signals import market
from warehouse import asof, clock
from warehouse.models import HistoricalBar, IngestionRun, MarketRegimeDay, Signal, SignalEvent, WatchlistEntry
from warehouse.task_names import RunTask

SYMBOLS = tuple(f"BENCH{number:03}" for number in range(100))
INDEX = SYMBOLS[0]  # its volume is that of the second symbol
FLOOR_MS = 5_000.0
REPEATS = 5
DAY = market.LAST
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
BAR_END = OPEN_MS + 24 * 15 * MINUTE_MS  # half an hour before the close, when the session is nearly whole
AT_MS = BAR_END + EVALUATED_AFTER_MS


def scanner() -> Measured:
    """Return the time of a pass as the worker makes it, from the claim of its run to the commit of its signals."""
    _fill()
    view = _view()
    read_ms, compute_ms = best_ms(_view, REPEATS), best_ms(lambda: _compute(view), REPEATS)
    whole_ms = 1000 * min(_pass() for _ in range(REPEATS))
    rows = sum(len(bars) for one in view.symbols.values() for bars in one.prices.bars.values())
    return Measured(
        value=whole_ms,
        unit="ms",
        reference=FLOOR_MS,
        ratio=FLOOR_MS / whole_ms,
        details=f"{len(view.symbols)} symbols, {rows:,} bars; {Signal.objects.count()} signals stored; "
        f"reading {read_ms:,.0f} ms, computing {compute_ms:,.0f} ms; required: 5 s, better: 1 s",
    )


def _view() -> MarketView:
    with asof.at(AT_MS):
        return market_view.read(SYMBOLS, OPEN_MS, AT_MS)


def _compute(view: MarketView) -> None:
    for symbol in view.symbols:
        scan_session(view, symbol, DAY)


def _pass() -> float:
    """Scan the bar again, without what the pass before stored; return the seconds."""
    IngestionRun.objects.filter(task=RunTask.SCAN_SIGNALS).delete()
    SignalEvent.objects.all().delete()
    Signal.objects.all().delete()
    found: list[Scanned] = []
    seconds = seconds_of(lambda: found.append(scan_bar(DueBar(BAR_END, AT_MS))))
    if found[0].symbols != len(SYMBOLS):
        raise RuntimeError(f"the bar was not scanned: {found[0]}")
    return seconds


def _fill() -> None:
    """Store the market of all symbols, once; other symbols are not watched."""
    WatchlistEntry.objects.all().delete()
    for symbol in SYMBOLS:
        market.watch(symbol, "index" if symbol == INDEX else "stock", SYMBOLS[1] if symbol == INDEX else None)
    if HistoricalBar.objects.filter(symbol=SYMBOLS[-1], timeframe="1m").exists():
        return
    day_before = sessions.previous_session(DAY)
    for symbol in SYMBOLS:
        market.store_gamma(symbol, sessions.previous_session(day_before))
        market.store_flow(symbol, market.days(count=23)[0])
        market.store_bars(symbol, has_volume=symbol != INDEX)
        market.store_minutes(symbol)
    MarketRegimeDay.objects.all().delete()  # of other benchmarks, which store days too
    market.store_days(SYMBOLS, market.days(count=12)[0])
