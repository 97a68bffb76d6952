"""Loading of the provider's flat file of a day's option trades (`trades_v1`), one line per trade.

Lines are sorted by contract. A batch ends at the end of a contract, so that no sweep is split. A contract that appears
again later in the file is an error, because its sweeps would be split.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.history import underlying_state
from flow.history.csv_columns import Fields, Lines, Mask
from flow.history.past_rates import past_rates
from flow.storing import cancels
from flow.storing.process_trades import process_trades
from flow.storing.sequence_numbers import with_sequence_numbers
from flow.storing.store import condition_ids
from quant.contracts import SUFFIX_LENGTH, value_of_root
from quant.sessions import DAY_MS
from warehouse import clock, partitions, queries
from warehouse.gzip_files import unzipped
from warehouse.models import WatchlistEntry
from warehouse.models.flow import TABLE

COLUMNS = ("ticker", "conditions", "exchange", "price", "sip_timestamp", "size")
BLOCK_BYTES = 2**20  # parsing needs about fifty bytes of memory per byte
BATCH_TRADES = 100_000
NS_PER_MS = 1_000_000

OTHER_ROOTS = "trades of other roots"
WRONG_LENGTH = "lines with a wrong number of fields"
OUTSIDE_RETENTION = "trades outside retention"
_NOT_A = {
    name: f"lines whose {name} is not a number" for name in ("exchange", "price", "sip_timestamp", "size")
}
_COMMA = ord(",")
_BAD_CONDITIONS = "lines whose conditions are not numbers"


class NoFlatFile(Exception):
    """The file is not a flat file of trades or cannot be read; the message is one sentence."""


@dataclass(slots=True)
class Loaded:
    """Results of a file. `rejected` counts lines or trades by reason."""

    lines: int = 0
    trades: int = 0  # of the selected roots
    filtered: int = 0  # too small to be stored, and in no sweep or split
    stored: int = 0  # new rows
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
    """Store the missing trades of a `trades.csv.gz` (or plain CSV) file.

    Only trades of the roots of `symbols` are stored, by default of all symbols watched for flow. The file has neither
    sequence numbers nor quotes. A trade that the stream or the REST history already delivered is recognised by its
    values and not stored twice; a new one has no side. Loading a file again changes nothing. Memory use is that of
    one batch. `progress` is called with the bytes read (compressed bytes of a compressed file) and the counts so far.

    Raises NoFlatFile; trades stored before the error stay stored. Must not run inside a transaction.
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
    """Positions of the columns."""

    def __init__(self, header: bytes) -> None:
        names = [name.strip() for name in header.decode("utf-8-sig", "replace").strip().split(",")]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise NoFlatFile(f"not a flat file of trades: missing columns: {', '.join(missing)}.")
        if names[0] != "ticker":
            raise NoFlatFile("not a flat file of trades: its first column is not ticker.")
        self.count = len(names)
        self.position = {name: names.index(name) for name in COLUMNS}


class _Loading:
    """Trades waiting for their batch, and the counts so far."""

    def __init__(self, symbols: Mapping[str, str], now_ms: int) -> None:
        self._symbols, self._now_ms = symbols, now_ms  # symbols by root
        # A class of shares, BRK.B, has the root BRKB, which a ticker may spell with the point.
        self._pointed = sorted({symbol for symbol in symbols.values() if "." in symbol})
        self.counts = Loaded()
        self._waiting: list[TradeBatch] = []
        self._ended: set[bytes] = set()  # contracts whose trades are already stored

    def block(self, layout: _Layout, block: bytes) -> None:
        lines = Lines.of(block)
        self.counts.lines += len(lines)
        if (
            layout.position["ticker"] == 0
        ):  # most lines belong to other roots, recognised by their first bytes
            wanted = _matches_roots(lines, [*self._symbols, *self._pointed])
            self._reject(OTHER_ROOTS, ~wanted)
            lines = lines.select(wanted)
        fields, whole = lines.fields(layout.count)
        self._reject(WRONG_LENGTH, ~whole)
        if not whole.any():  # true for most blocks: a file has thousands of roots
            return
        batch = self._trades(layout, fields)
        if len(batch):
            self._waiting.append(batch)
            if sum(map(len, self._waiting)) >= BATCH_TRADES:
                self.store()

    def store(self, *, everything: bool = False) -> None:
        """Store the waiting trades except those of the last contract, which may have more."""
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
            raise NoFlatFile(f"the lines of {named} are not contiguous; sort the file by ticker.")
        self._ended |= tickers
        code = np.unique(batch.contract_ticker, return_inverse=True)[1]
        rates = past_rates(code, batch.timestamp_ms, condition_ids(batch))
        processed = process_trades(
            with_sequence_numbers(
                replace(self._with_underlying_state(batch), trade_rate=rates), list(self._symbols.values())
            ),
            self._now_ms,
            name="flat file",
            is_history=True,
        )
        cancels.match(processed.cancels)
        counts = self.counts
        counts.trades += processed.trades
        counts.stored += processed.stored
        counts.filtered += processed.trades - processed.selected - processed.quarantined.total()
        counts.rejected += processed.quarantined

    def _with_underlying_state(self, batch: TradeBatch) -> TradeBatch:
        """Return the batch with the underlying's price and mean size from the stored data of the session."""
        root = np.strings.slice(batch.contract_ticker, 2, -SUFFIX_LENGTH).astype(np.str_)
        roots, member = np.unique(root, return_inverse=True)
        symbols = np.array([value_of_root(name, self._symbols) for name in roots.tolist()])[member]
        price, age, size, large = (np.full(len(batch), np.nan) for _ in range(4))
        day = batch.timestamp_ms // DAY_MS
        for symbol in np.unique(symbols).tolist():
            for at in np.unique(day[symbols == symbol]).tolist():
                rows = np.flatnonzero((symbols == symbol) & (day == at))
                state = underlying_state.of_session(
                    symbol, clock.instant(at * DAY_MS).date(), at * DAY_MS, (at + 1) * DAY_MS - 1
                )
                price[rows], age[rows] = state.price_at(batch.timestamp_ms[rows])
                size[rows], large[rows] = state.average_size, state.large_size
        return replace(
            batch, underlying_price=price, underlying_age_ms=age, average_size=size, large_size=large
        )

    def _trades(self, layout: _Layout, fields: Fields) -> TradeBatch:
        """Return the readable trades inside retention; count each other line by its first error."""
        position = layout.position
        price, has_price = fields.decimals(position["price"])
        whole = {name: fields.integers(position[name]) for name in ("exchange", "sip_timestamp", "size")}
        conditions = fields.text_of(position["conditions"], 40)
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
            contract_ticker=fields.text_of(position["ticker"], 32),
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


def _roots(symbols: Sequence[str]) -> dict[str, str]:
    """Return the roots of the symbols, by default of those watched for flow, with the symbol of each."""
    entries = WatchlistEntry.objects.filter(symbol__in=symbols) if symbols else queries.watched_flow()
    symbol_of_root = {root: str(entry.symbol) for entry in entries for root in entry.roots}
    if missing := sorted(set(symbols) - set(symbol_of_root.values())):
        raise NoFlatFile(f"not on the watchlist, so their roots are unknown: {', '.join(missing)}.")
    return symbol_of_root


def _matches_roots(lines: Lines, roots: Iterable[str]) -> Mask:
    """Return a mask of the lines of these roots and of their adjusted roots, which have a digit more.

    A line begins with `O:`, the root, the contract's fifteen characters and a comma.
    """
    matches = np.zeros(len(lines), dtype=np.bool_)
    last = len(lines.text) - 1

    def byte(place: int, of: Any = slice(None)) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = lines.text[np.minimum(lines.begin[of] + place, last)]
        return found

    for root in roots:
        start = f"O:{root}".encode()
        length = len(start) + SUFFIX_LENGTH
        fits = byte(length) == _COMMA
        fits |= (byte(length + 1) == _COMMA) & (byte(len(start)) - np.uint8(ord("0")) <= 9)
        for place, letter in enumerate(start):
            fits[fits] = byte(place, fits) == letter
        matches |= fits
    return matches


def _are_lists(conditions: NDArray[np.bytes_]) -> Mask:
    """Return a mask of the cells that are empty or integers of at most five digits separated by commas."""
    distinct, member = np.unique(conditions, return_inverse=True)
    fits = [
        not cell or all(part.isdigit() and len(part) < 6 for part in cell.split(b","))
        for cell in distinct.tolist()
    ]
    answer: Mask = np.array(fits, dtype=np.bool_)[member] if len(fits) else np.zeros(0, dtype=np.bool_)
    return answer


def _blocks(plain: IO[bytes]) -> Iterator[bytes]:
    """Yield the first line, then blocks of whole lines, each ending with a line break."""
    yield plain.readline()
    rest = b""
    while block := plain.read(BLOCK_BYTES):
        whole, _, rest = (rest + block).rpartition(b"\n")
        if whole:
            yield whole + b"\n"
    if rest:
        yield rest + b"\n"
