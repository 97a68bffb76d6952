"""The provider's flat file of a day's option trades, streamed into the table: `trades_v1`, one line per trade.

Lines stand by contract. A batch ends where a contract does, so that no sweep is cut; a contract that comes again
later in the file would be, and is refused.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.history import underlying_state
from flow.history.csv_columns import Fields, Lines, Mask
from flow.storing import cancels
from flow.storing.process_trades import process_trades
from flow.storing.sequence_numbers import with_sequence_numbers
from quant.contracts import SUFFIX_LENGTH
from quant.sessions import DAY_MS
from warehouse import clock, partitions, queries
from warehouse.gzip_files import unzipped
from warehouse.models import WatchlistEntry
from warehouse.models.flow import TABLE

COLUMNS = ("ticker", "conditions", "exchange", "price", "sip_timestamp", "size")
BLOCK_BYTES = 2**20  # a byte of it takes some fifty while it is split
BATCH_TRADES = 100_000
NS_PER_MS = 1_000_000

OTHER_ROOTS = "trades of other roots"
WRONG_LENGTH = "lines with another number of fields"
OUTSIDE_RETENTION = "trades outside retention"
_NOT_A = {name: f"lines whose {name} is no number" for name in ("exchange", "price", "sip_timestamp", "size")}
_BAD_CONDITIONS = "lines whose conditions are no numbers"


class NoFlatFile(Exception):
    """The file is no flat file of trades, or cannot be read; the message is one sentence."""


@dataclass(slots=True)
class Loaded:
    """What a file came to. `rejected` counts lines by reason, which names what is counted."""

    lines: int = 0
    trades: int = 0  # of the wanted roots
    filtered: int = 0  # too small for the table, and part of no sweep or split
    stored: int = 0  # trades the table lacked
    rejected: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rejected = "".join(f", {count} {reason}" for reason, count in sorted(self.rejected.items()))
        return f"{self.lines} lines: {self.trades} trades, {self.stored} new, {self.filtered} too small{rejected}"


def load(
    path: Path,
    now_ms: int,
    symbols: Sequence[str] = (),
    progress: Callable[[int, Loaded], None] | None = None,
) -> Loaded:
    """Stores the trades of a `trades.csv.gz` (or plain CSV) that the table lacks, of the roots of `symbols`, by
    default all that are watched for flow.

    The file carries no sequence numbers and no quotes: a trade the stream or the provider's past has brought before
    is known by its likeness and not doubled, and a new one has no side. Loading again changes nothing. Memory stays
    that of a batch. `progress` is called with the bytes read (compressed, where the file is) and the counts so far.
    Raises NoFlatFile, what was stored until then stays. Not inside a transaction.
    """
    loading = _Loading(_roots(symbols), now_ms)
    try:
        with path.open("rb") as raw:
            blocks = _blocks(unzipped(raw))
            layout = _Layout(next(blocks, b""))
            for block in blocks:
                loading.block(layout, block)
                if progress:
                    progress(raw.tell(), loading.counts)
            loading.store(everything=True)
    except (OSError, EOFError, zlib.error) as error:
        raise NoFlatFile(f"{path.name} cannot be read to its end: {error}.") from None
    except NoFlatFile as error:
        raise NoFlatFile(f"{path.name}: {error}") from None
    return loading.counts


class _Layout:
    """Where the columns stand."""

    def __init__(self, header: bytes) -> None:
        names = [name.strip() for name in header.decode("utf-8-sig", "replace").strip().split(",")]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise NoFlatFile(f"no flat file of trades, it has no column {', '.join(missing)}.")
        if names[0] != "ticker":
            raise NoFlatFile("no flat file of trades, its first column is not ticker.")
        self.count = len(names)
        self.place = {name: names.index(name) for name in COLUMNS}


class _Loading:
    """Trades that wait for their batch, and the counts so far."""

    def __init__(self, symbols: Mapping[bytes, str], now_ms: int) -> None:
        self._symbols, self._now_ms = symbols, now_ms  # symbols by root
        self.counts = Loaded()
        self._waiting: list[TradeBatch] = []
        self._ended: set[bytes] = set()  # contracts whose trades are in a batch

    def block(self, layout: _Layout, block: bytes) -> None:
        lines = Lines.of(block)
        self.counts.lines += len(lines)
        if layout.place["ticker"] == 0:  # most lines are of other roots: they are told by their first bytes
            wanted = _matches_roots(lines, self._symbols)
            self._reject(OTHER_ROOTS, ~wanted)
            lines = lines.select(wanted)
        fields, whole = lines.fields(layout.count)
        self._reject(WRONG_LENGTH, ~whole)
        if not whole.any():  # as in most blocks: a file has thousands of roots
            return
        batch = self._trades(layout, fields)
        if len(batch):
            self._waiting.append(batch)
            if sum(map(len, self._waiting)) >= BATCH_TRADES:
                self.store()

    def store(self, *, everything: bool = False) -> None:
        """Stores what waits but for the last contract, of which there may be more."""
        batch = TradeBatch.joined(self._waiting)
        if not len(batch):
            return
        last = np.flatnonzero(batch.contract_ticker != batch.contract_ticker[-1])
        cut = len(batch) if everything else int(last[-1]) + 1 if len(last) else 0
        self._waiting = [batch.take(np.arange(cut, len(batch)))] if cut < len(batch) else []
        if cut:
            self._store(batch.take(np.arange(cut)))

    def _store(self, batch: TradeBatch) -> None:
        tickers = set(batch.contract_ticker.tolist())
        if again := tickers & self._ended:
            named = min(again).decode("ascii", "replace")
            raise NoFlatFile(f"the trades of {named} do not stand together; sort the file by ticker.")
        self._ended |= tickers
        done = process_trades(
            with_sequence_numbers(self._with_underlying_state(batch), list(self._symbols.values())),
            self._now_ms,
            name="flat file",
        )
        cancels.match(done.cancels)
        counts = self.counts
        counts.trades += done.trades
        counts.stored += done.stored
        counts.filtered += done.trades - done.selected - done.quarantined.total()
        counts.rejected += done.quarantined

    def _with_underlying_state(self, batch: TradeBatch) -> TradeBatch:
        """With the underlying's price and the mean size as they were known, from what is stored of the session."""
        root = np.strings.slice(batch.contract_ticker, 2, -SUFFIX_LENGTH)
        price, age, size = (np.full(len(batch), np.nan) for _ in range(3))
        day = batch.timestamp_ms // DAY_MS
        for name, symbol in self._symbols.items():
            for at in np.unique(day[root == name]).tolist():
                rows = np.flatnonzero((root == name) & (day == at))
                known = underlying_state.of_session(
                    symbol, clock.instant(at * DAY_MS).date(), at * DAY_MS, (at + 1) * DAY_MS - 1
                )
                price[rows], age[rows] = known.price_at(batch.timestamp_ms[rows])
                size[rows] = known.average_size
        return replace(batch, underlying_price=price, underlying_age_ms=age, average_size=size)

    def _trades(self, layout: _Layout, fields: Fields) -> TradeBatch:
        """The readable trades inside retention; the others are counted for their first fault."""
        place = layout.place
        price, has_price = fields.decimals(place["price"])
        whole = {name: fields.integers(place[name]) for name in ("exchange", "sip_timestamp", "size")}
        conditions = fields.text_of(place["conditions"], 40)
        stamps = whole["sip_timestamp"][0] // NS_PER_MS
        good = np.ones(len(price), dtype=np.bool_)
        for reason, fits in (
            (_NOT_A["price"], has_price),
            *((_NOT_A[name], fits) for name, (_, fits) in whole.items()),
            (_BAD_CONDITIONS, _are_lists(conditions)),
            (OUTSIDE_RETENTION, partitions.inside(TABLE, stamps, self._now_ms)),
        ):
            self._reject(reason, good & ~fits)
            good &= fits
        several = np.strings.find(conditions, b",") >= 0
        first = np.strings.partition(conditions, b",")[0]
        unknown = np.full(len(price), np.nan)
        batch = TradeBatch(
            contract_ticker=fields.text_of(place["ticker"], 32),
            timestamp_ms=stamps,
            sequence_number=np.zeros(len(price), dtype=np.int64),
            price=price,
            size=whole["size"][0],
            exchange=whole["exchange"][0].astype(np.int32),
            condition=np.where(good & (first != b""), first, b"0").astype(np.int32),
            conditions=np.where(several, conditions, b""),
            received_at_ms=np.full(len(price), self._now_ms),
            source="rest",
            **dict.fromkeys(_UNKNOWN, unknown),
        )
        return batch if good.all() else batch.take(good)

    def _reject(self, reason: str, lines: Mask) -> None:
        if count := int(np.count_nonzero(lines)):
            self.counts.rejected[reason] += count


_UNKNOWN = (
    *("bid", "ask", "bid_size", "ask_size", "quote_age_ms"),
    *("underlying_price", "underlying_age_ms", "average_size"),
)


def _roots(symbols: Sequence[str]) -> dict[bytes, str]:
    """The roots of the symbols, by default of those watched for flow, and the symbol of each."""
    entries = WatchlistEntry.objects.filter(symbol__in=symbols) if symbols else queries.watched_flow()
    found = {root.encode(): str(entry.symbol) for entry in entries for root in entry.roots}
    if missing := sorted(set(symbols) - set(found.values())):
        raise NoFlatFile(f"not on the watchlist, so that their roots are unknown: {', '.join(missing)}.")
    return found


def _matches_roots(lines: Lines, roots: Iterable[bytes]) -> Mask:
    """Which lines are of one of these roots: `O:`, the root, the fifteen characters of the contract, a comma."""
    found = np.zeros(len(lines), dtype=np.bool_)
    last = len(lines.text) - 1
    for root in roots:
        start = np.frombuffer(b"O:" + root, dtype=np.uint8)
        fits = lines.text[np.minimum(lines.begin + len(start) + SUFFIX_LENGTH, last)] == ord(",")
        for place, letter in enumerate(start.tolist()):
            fits[fits] = lines.text[np.minimum(lines.begin[fits] + place, last)] == letter
        found |= fits
    return found


def _are_lists(conditions: NDArray[np.bytes_]) -> Mask:
    """Which cells are whole numbers of at most five digits with commas between, or empty."""
    distinct, member = np.unique(conditions, return_inverse=True)
    fits = [
        not cell or all(part.isdigit() and len(part) < 6 for part in cell.split(b","))
        for cell in distinct.tolist()
    ]
    answer: Mask = np.array(fits, dtype=np.bool_)[member] if len(fits) else np.zeros(0, dtype=np.bool_)
    return answer


def _blocks(plain: IO[bytes]) -> Iterator[bytes]:
    """The first line, then blocks of whole lines, all of them ended by a line break."""
    yield plain.readline()
    rest = b""
    while block := plain.read(BLOCK_BYTES):
        whole, _, rest = (rest + block).rpartition(b"\n")
        if whole:
            yield whole + b"\n"
    if rest:
        yield rest + b"\n"
