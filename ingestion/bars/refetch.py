"""Fetching of bars again that were adjusted for later splits when they were fetched, and marking of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import partial

from ingestion.bars.bar_times import FETCHED, SUMMED_FROM, spans, whole_weeks
from ingestion.bars.historical_bars import NUMBERS, BarsClient, bars_of_spans, summed_bars
from ingestion.provider_client import massive_client
from provider.errors import NotEntitled, NotFound
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock
from warehouse.asof.bars import Bars
from warehouse.loading import bar_marks
from warehouse.loading.bar_marks import Series
from warehouse.loading.known_at import store_in_time
from warehouse.models.enums import Timeframe

_TOGETHER = 20_000  # bars per transaction, which must be ready within seconds


@dataclass(frozen=True, slots=True)
class Refetched:
    """Bars of one series that were replaced; `refused` is why the provider has no more of them."""

    series: Series
    rows: int
    refused: str = ""

    def __str__(self) -> str:
        text = f"{self.series.symbol} {self.series.timeframe}: {self.rows:,} bars replaced"
        return f"{text}; {self.refused}" if self.refused else text


def mark_unsplit(now_ms: int) -> int:
    """Mark the bars that no split followed until now, and return their number. May be stopped and repeated."""
    today = new_york_date(clock.instant(now_ms))
    return sum(bar_marks.mark(chunk, today) for chunk in bar_marks.chunks())


def refetch(
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> Iterator[Refetched]:
    """Replace the bars that are not marked, series by series: fetched timeframes first, then those summed from them.

    Bars that the provider does not return stay as they are; readers leave them out. Raises one of provider.errors.
    """
    with connect() as client:
        for series in bar_marks.unmarked():
            if series.timeframe in FETCHED:
                yield _fetch(client, series)
    left = bar_marks.unmarked()
    for series in left:
        if series.timeframe in SUMMED_FROM:
            yield _sum_up(series, {(one.symbol, one.timeframe) for one in left})


def _fetch(client: BarsClient, series: Series) -> Refetched:
    frame, (first, last) = Timeframe(series.timeframe), _days(series)
    try:
        pages = client.aggregates(series.symbol, *FETCHED[frame], first, last)
    except (NotEntitled, NotFound) as error:
        return Refetched(series, 0, str(error))
    found = bars_of_spans(pages.rows, frame, spans(frame, sessions.sessions(first, last)))
    return Refetched(series, _replace(series, found))


def _sum_up(series: Series, left: set[tuple[str, str]]) -> Refetched:
    frame, (first, last) = Timeframe(series.timeframe), _days(series)
    if (series.symbol, SUMMED_FROM[frame].value) in left:
        return Refetched(series, 0, "some bars that they are summed from were not replaced")
    days = whole_weeks(first, last) if frame == Timeframe.WEEK else sessions.sessions(first, last)
    return Refetched(series, _replace(series, summed_bars(series.symbol, frame, spans(frame, days))))


def _days(series: Series) -> tuple[date, date]:
    first, last = (new_york_date(clock.instant(at_ms)) for at_ms in (series.first_ms, series.last_ms))
    return first, last


def _replace(series: Series, found: Bars) -> int:
    """Replace bars in transactions that are ready in time."""
    replaced = 0
    for start in range(0, len(found), _TOGETHER):
        part = found.pick(slice(start, start + _TOGETHER))
        columns = {name: getattr(part, name) for name in NUMBERS} | {"timestamp": part.start_ms}
        replaced += store_in_time(partial(bar_marks.replace_bars, series, columns))
    return replaced
