"""Bars of watched symbols during the session: each minute one request per symbol for the minutes that are missing.

Bars of 5 and 15 minutes are summed from the stored minutes, hours from the bars of 15 minutes, and all are stored in
one transaction. A minute is known when a bar of it or of a later minute was sent: the provider may finish one late, and
the next request begins with it. What the live requests did not get is fetched after the close (`session_bars`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from ingestion import fetched_ranges
from ingestion.bars.bar_times import FETCHED, SUMMED_FROM, close_ms, open_ms, spans
from ingestion.bars.historical_bars import (
    PLAN_DELAY_MS,
    BarsClient,
    bars_of_spans,
    count_differing,
    insert_bars,
    summed_bars,
    task_of,
)
from ingestion.fetched_ranges import Stretch
from provider.entitlements import live_bars_plan
from provider.errors import ConnectionFailed, NotEntitled, NotFound, ProviderError, Unauthorized
from provider.symbols import bare
from quant import sessions
from quant.sessions import MINUTE_MS, new_york_date
from warehouse import clock, market_days, partitions, queries, runs
from warehouse.asof.bars import Bars
from warehouse.loading.known_at import store_in_time
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

AFTER_CLOSE_MS = PLAN_DELAY_MS + 5 * MINUTE_MS  # until the last bars of a delayed plan are there
PATIENCE_MS = PLAN_DELAY_MS + 5 * MINUTE_MS  # after the open, before a plan without bars of today is assumed
ASK_AGAIN_MINUTES = 15  # between requests for a symbol of which the provider sends no bars of today
SECONDS_AFTER_MINUTE = 4  # before the first request: the provider finishes a bar within about two seconds
LATEST_SECOND = 15  # of a minute in which a pass begins, so that its bars are stored within 30 seconds
# Each timeframe and what it is summed from, shorter ones first.
SUMS = (
    (Timeframe.FIVE_MINUTES, Timeframe.MINUTE),
    (Timeframe.QUARTER_HOUR, Timeframe.MINUTE),
    (Timeframe.HOUR, SUMMED_FROM[Timeframe.HOUR]),
)
Connect = Callable[[], AbstractContextManager[BarsClient]]


@dataclass(frozen=True, slots=True)
class LiveBars:
    """What one pass stored: new rows by symbol, and one sentence for each symbol that failed."""

    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        stored = f"{sum(self.rows.values())} bars of {sum(map(bool, self.rows.values()))} symbols stored"
        return "; ".join([stored, *(f"{symbol}: {text}" for symbol, text in self.failed.items())])


def seconds_until_due(now_ms: int, seconds_after_minute: int = SECONDS_AFTER_MINUTE) -> float:
    """Return how long to wait for the provider to finish the bar of the last minute.

    A message that arrives too late for it, which every message does where the minutes of a simulated market are not
    those of the schedule, waits for the next minute.
    """
    second = now_ms % MINUTE_MS / 1000
    if seconds_after_minute <= second <= LATEST_SECOND:
        return 0.0
    return (seconds_after_minute - second) % 60


def fetch_live_bars(now_ms: int, connect: Connect) -> LiveBars:
    """Fetch and store the finished bars of the session at `now_ms` that are not stored, with one request per symbol.

    Symbols that lack most come first. A symbol that the plan excludes is noted once per session in the ledger and not
    requested again. Another error is reported in the result and its symbol is requested again by the next pass; when
    the provider is unreachable or rejects the key, the pass ends. Must not run inside a transaction.
    """
    done = LiveBars()
    session = _session_at(now_ms)
    due = _due(session, now_ms) if session else []
    if not due:
        return done
    with connect() as client:
        for one in due:
            try:
                done.rows[one.symbol] = one.fetch(client, now_ms)
            except (Unauthorized, ConnectionFailed) as error:
                done.failed[one.symbol] = str(error)
                break
            except ProviderError as error:
                done.failed[one.symbol] = str(error)
    return done


def complete_sums(symbol: str, session: date) -> int:
    """Sum a closed session's bars again, where live ones were summed, and store those that are missing.

    Returns how many stored ones differ, because minutes of them came or changed later; they stay as they are. Must not
    run inside a transaction.
    """
    whole = Stretch(close_ms(sessions.previous_session(session)), close_ms(session))
    summed = fetched_ranges.covered(task_of(SUMS[0][0]), symbol, whole)
    if not any(known.until_ms > whole.after_ms for known in summed):
        return 0
    return store_in_time(partial(_sum_again, symbol, session, whole))


def _sum_again(symbol: str, session: date, whole: Stretch) -> int:
    differing = 0
    for frame, part in SUMS:
        found = summed_bars(symbol, frame, spans(frame, [session]), part)
        if len(found) and insert_bars(symbol, frame, found) < len(found):
            differing += count_differing(symbol, frame, found)
        if frame in FETCHED:
            fetched_ranges.extend(task_of(frame), symbol, whole)
    return differing


def tickers() -> list[str]:
    """Return the provider's tickers of the watched symbols and of their reference symbols, each once."""
    entries = queries.watchlist_entries()
    references = [str(entry.reference_symbol) for entry in entries if entry.reference_symbol]
    return list(dict.fromkeys([*(str(entry.provider_symbol) for entry in entries), *references]))


def _session_at(now_ms: int) -> date | None:
    """Return the session whose bars may be sent at a time: from its first minute's end on, a while past its close."""
    today = new_york_date(clock.instant(now_ms))
    if today not in market_days.hours(today, today) or not sessions.sessions(today, today):
        return None
    return today if open_ms(today) + MINUTE_MS <= now_ms <= close_ms(today) + AFTER_CLOSE_MS else None


def _due(session: date, now_ms: int) -> list[_Series]:
    """Return the series of which a minute is missing, those that lack most first.

    Not those of which the plan excludes the data; those of which no bar of today was sent only now and then.
    """
    refusals = queries.run_results(RunTask.LIVE_BARS, close_ms(session))
    asks_again = (now_ms - open_ms(session)) // MINUTE_MS % ASK_AGAIN_MINUTES == 0
    asked = {
        bare(ticker): ticker
        for ticker in tickers()
        if (asks_again and refusals.get(bare(ticker), {}).get("ask_again")) or bare(ticker) not in refusals
    }
    # Ranges of sessions that follow each other touch, so they begin with the close of the session before.
    ended = min(now_ms // MINUTE_MS * MINUTE_MS, close_ms(session))
    wanted = Stretch(close_ms(sessions.previous_session(session)), ended)
    known = fetched_ranges.covered_by(task_of(Timeframe.MINUTE), list(asked), wanted)
    found = []
    for symbol, ticker in asked.items():
        gaps = fetched_ranges.missing(wanted, known.get(symbol, []))
        found += [_Series(ticker, session, Stretch(gap.after_ms, ended)) for gap in gaps[:1]]
    return sorted(found, key=lambda one: one.missing.after_ms)


@dataclass(frozen=True, slots=True)
class _Series:
    """The bars of one ticker in one session. `missing` begins with the first minute that is not known."""

    ticker: str
    session: date
    missing: Stretch

    @property
    def symbol(self) -> str:
        return bare(self.ticker)

    def fetch(self, client: BarsClient, now_ms: int) -> int:
        """Fetch and store what is missing; return the number of new rows."""
        first, last = max(self.missing.after_ms, open_ms(self.session)), self.missing.until_ms - MINUTE_MS
        try:
            pages = client.aggregates(self.ticker, *FETCHED[Timeframe.MINUTE], first, last)
        except NotEntitled as error:
            self._note(f"{error} Live bars need the plan {live_bars_plan(self.ticker)}.")
            return 0
        except NotFound as error:
            self._note(str(error))
            return 0
        seen_ms = min(pages.fetched_at_ms) - (PLAN_DELAY_MS if pages.status_delayed else 0)
        minutes = spans(Timeframe.MINUTE, [self.session])
        finished = minutes.pick((minutes.start_ms >= first) & (minutes.end_ms <= seen_ms))
        found = bars_of_spans(pages.rows, Timeframe.MINUTE, finished)
        if len(found):
            partitions.ensure(HistoricalBar._meta.db_table, int(found.start_ms[0]), int(found.start_ms[-1]))
            return store_in_time(partial(self._insert, found))
        if self.missing.after_ms == self._before_ms and now_ms > open_ms(self.session) + PATIENCE_MS:
            plan = live_bars_plan(self.ticker)
            self._note(f"No minute bar of today was sent. Live bars need the plan {plan}.", ask_again=True)
        return 0

    @property
    def _before_ms(self) -> int:
        return close_ms(sessions.previous_session(self.session))

    def _insert(self, found: Bars) -> int:
        """Insert the minutes, the sums that end with them, and the ranges that are known now."""
        known_ms = int(found.start_ms[-1]) + MINUTE_MS
        rows = insert_bars(self.symbol, Timeframe.MINUTE, found)
        fetched_ranges.extend(task_of(Timeframe.MINUTE), self.symbol, Stretch(self._before_ms, known_ms))
        return rows + sum(self._sum_up(frame, part, known_ms) for frame, part in SUMS)

    def _sum_up(self, frame: Timeframe, part: Timeframe, known_ms: int) -> int:
        """Sum and insert the bars that have ended since the last ones; return their number."""
        every = spans(frame, [self.session])
        ended = every.pick(every.end_ms <= known_ms)
        if not len(ended.end_ms) or ended.end_ms[-1] <= self.missing.after_ms:
            return 0
        whole = Stretch(self._before_ms, int(ended.end_ms[-1]))
        if frame in FETCHED:
            known = fetched_ranges.covered(task_of(frame), self.symbol, whole)
            gaps = fetched_ranges.missing(whole, known)
            if not gaps:
                return 0
            ended = ended.pick(ended.end_ms > gaps[0].after_ms)
            fetched_ranges.extend(task_of(frame), self.symbol, whole)
        return insert_bars(self.symbol, frame, summed_bars(self.symbol, frame, ended, part))

    def _note(self, text: str, *, ask_again: bool = False) -> None:
        with runs.claim(RunTask.LIVE_BARS, self.symbol, close_ms(self.session)) as run:
            if isinstance(run, runs.Run):
                runs.finish(run, rows=0, result={"refused": text, "ask_again": ask_again})
