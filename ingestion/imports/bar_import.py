"""Storing of the bars of files as history: known at the times at which live bars would have been known.

Daily bars also give the weeks, minute bars those of 5 and 15 minutes and of hours, as bars of the provider do. Stored
bars are never replaced, so an import can be repeated.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ingestion.bars.bar_times import Spans, spans, whole_weeks
from ingestion.bars.historical_bars import NUMBERS, count_differing
from ingestion.bars.sums import sum_bars
from ingestion.imports.bar_file import BarFile, WrongBarFile
from warehouse import partitions, runs
from warehouse.asof.adjusted_bars import per_share, shares_per_share, to_end_of_week
from warehouse.asof.bars import Bars
from warehouse.asof.corporate_actions import Split, splits_of
from warehouse.loading import bulk, known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import HistoricalBar, WatchlistEntry
from warehouse.models.enums import Source, Timeframe
from warehouse.task_names import RunTask
from warehouse.watchlist import add_default_symbols, spelled

SUMS = (
    (Timeframe.FIVE_MINUTES, Timeframe.MINUTE),
    (Timeframe.QUARTER_HOUR, Timeframe.MINUTE),
    (Timeframe.HOUR, Timeframe.QUARTER_HOUR),
    (Timeframe.FOUR_HOURS, Timeframe.QUARTER_HOUR),
)
# Sessions per transaction, which must be ready within seconds. All days are stored at once, for the weeks.
_TOGETHER = {Timeframe.DAY: 20_000, Timeframe.MINUTE: 40}
_PRICE_DECIMALS = 4  # of prices as traded that are computed from adjusted ones


@dataclass(slots=True)
class StoredFile:
    """Numbers of bars of a file that are new or differ from stored ones; `sums` are new bars summed from them."""

    new: int = 0
    different: int = 0
    sums: int = 0


def symbol_of(path: Path, symbol: str | None, *, add: bool) -> str:
    """Return the symbol of a file: the given one, else the word of the file's name that is on the watchlist.

    With `add` a symbol that is not on the watchlist is added, for bars only: no chain and no trades are fetched. Raises
    WrongBarFile, with one sentence, for a file without such a symbol.
    """
    watched = set(WatchlistEntry.objects.values_list("symbol", flat=True))
    words = (
        [spelled(symbol)] if symbol else [word for word in re.split(r"[_\s.]", path.stem) if word in watched]
    )
    if len(set(words)) == 1 and words[0] in watched:
        return words[0]
    if not symbol:
        raise WrongBarFile(
            f"The name of {path.name} has no symbol of the watchlist: give it with --symbol, and with --add if it is"
            " not watched."
        )
    if not add:
        raise WrongBarFile(
            f"{words[0]} is not on the watchlist: add it with --add (for its bars only), with manage.py seed --symbols"
            f" {words[0]}, or in the admin."
        )
    try:
        add_default_symbols(words)
    except ValueError as error:
        raise WrongBarFile(f"{error} Nothing was stored.") from None
    WatchlistEntry.objects.filter(symbol=words[0]).update(ingest_chain=False, ingest_flow=False)
    return words[0]


def as_traded(file: BarFile, splits: Sequence[Split]) -> BarFile:
    """Return a file whose prices are adjusted for all `splits` with the prices and volumes as traded."""
    ratio = shares_per_share(file.bars.start_ms, splits, file.timeframe)
    traded = per_share(file.bars, 1.0 / ratio)
    prices = {
        name: np.round(getattr(traded, name), _PRICE_DECIMALS)
        for name in ("open", "high", "low", "close", "vwap")
    }
    return replace(file, bars=replace(traded, volume=np.round(traded.volume), **prices))


def splits_after(symbol: str, file: BarFile, now_ms: int) -> list[Split]:
    """Return the stored splits after the first session of a file that are in effect at `now_ms`, ascending."""
    found = splits_of([symbol], file.days[0] + dt.timedelta(days=1), dt.date.max).get(symbol, ())
    return [split for split in found if split.is_in_effect(now_ms)]


def store_bars(file: BarFile, symbol: str, stored: StoredFile) -> Iterator[int]:
    """Store the bars of a file and their sums, counted in `stored`; yield after each part its number of bars.

    Stored bars stay as they are. Each part is one transaction. The ledger has a run for the file's last bar, with the
    number of new ones.
    """
    task = f"{RunTask.IMPORT_BARS}_{file.timeframe.value}"
    days, together = file.days, _TOGETHER[file.timeframe]
    with runs.claim(task, symbol, int(file.bars.start_ms[-1])) as run:
        for start in range(0, len(days), together):
            some = days[start : start + together]
            limits = np.array([some[0], some[-1] + dt.timedelta(days=1)], dtype="datetime64[D]")
            rows = slice(*np.searchsorted(file.session, limits).tolist())
            part = file.bars.pick(rows)
            by_frame = {file.timeframe: part} | _sums(symbol, file.timeframe, part, some)
            partitions.ensure_imported(
                min(int(one.start_ms[0]) for one in by_frame.values() if len(one)), int(part.start_ms[-1])
            )
            new = store_in_time(partial(_insert, symbol, by_frame))
            stored.new += new[file.timeframe]
            stored.sums += sum(new.values()) - new[file.timeframe]
            if new[file.timeframe] < len(part):
                stored.different += count_differing(symbol, file.timeframe, part)
            yield len(part)
        if isinstance(run, runs.Run):
            result = {
                "file": file.path.name,
                "bars": len(file.bars),
                "different_from_stored": stored.different,
            }
            runs.finish(run, rows=stored.new, rejected=file.left_out or None, result=result)


def _insert(symbol: str, by_frame: Mapping[Timeframe, Bars]) -> dict[Timeframe, int]:
    return {
        frame: bulk.insert_rows(
            HistoricalBar,
            {
                "symbol": symbol,
                "timeframe": frame.value,
                "timestamp": new.start_ms,
                "source": Source.IMPORT.value,
                "known_at": known_at.of_bars(new.start_ms, frame),
            }
            | {name: getattr(new, name) for name in NUMBERS},
        )
        for frame, new in by_frame.items()
        if len(new)
    }


def _sums(symbol: str, frame: Timeframe, part: Bars, days: Sequence[dt.date]) -> dict[Timeframe, Bars]:
    """Return the bars of longer timeframes, summed from those of some sessions."""
    if frame == Timeframe.DAY:
        week = _whole_weeks(days)
        in_range = splits_of([symbol], days[0], days[-1]).get(symbol, ())
        return {Timeframe.WEEK: sum_bars(to_end_of_week(part, in_range), week)} if len(week.start_ms) else {}
    found: dict[Timeframe, Bars] = {frame: part}
    for longer, shorter in SUMS:
        found[longer] = sum_bars(found[shorter], spans(longer, days))
    return {longer: found[longer] for longer, _ in SUMS}


def _whole_weeks(days: Sequence[dt.date]) -> Spans:
    """Return the times of the weeks all of whose sessions are in `days`."""
    every, present = whole_weeks(days[0], days[-1]), set(days)
    cut = {day - dt.timedelta(days=day.weekday()) for day in every if day not in present}
    return spans(Timeframe.WEEK, [day for day in every if day - dt.timedelta(days=day.weekday()) not in cut])
