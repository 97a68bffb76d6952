"""Import of files, snapshot by snapshot, and then of the series of their sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from ingestion.imports import series
from ingestion.imports.contracts import read_contracts
from ingestion.imports.files import WRONG_LENGTH, Snapshot, snapshots
from ingestion.imports.slot import ImportResult, NoSlot, import_slot, slot_of
from warehouse.models import IvPercentile, MarketRegimeDay
from warehouse.watchlist import entry_of, symbol_of


@dataclass(frozen=True, slots=True)
class SessionSeries:
    """IV percentile and regime of one session of one underlying, None if there is no row."""

    iv: IvPercentile | None
    regime: MarketRegimeDay | None


@dataclass(slots=True)
class ChainImport:
    """An import and its results so far.

    `named` maps column names to headers. Without a symbol, each contract belongs to the underlying of its root.
    `days` are the series by symbol and session, `unassigned` counts rows that belong to no session, by reason.
    """

    symbol: str | None
    named: Mapping[str, str]
    now_ms: int
    dry_run: bool = False
    imported: list[ImportResult] = field(default_factory=list)
    days: dict[tuple[str, date], SessionSeries] = field(default_factory=dict)
    unassigned: Counter[str] = field(default_factory=Counter)

    def import_file(self, path: Path) -> Iterator[int]:
        """Import a file; yield after each snapshot the number of bytes that are done. Raises UnknownLayout."""
        units: dict[str, str] = {}
        for snapshot in snapshots(path, self.named, self.symbol):
            for result in self._import_snapshot(snapshot, units):
                self.imported.append(result)
                units |= result.units
            yield snapshot.bytes_read

    def compute_series(self) -> Iterator[None]:
        """Compute rank and regime of the imported sessions, oldest first; yield after each."""
        done = sorted({(result.session, result.symbol) for result in self.imported if result.done})
        first_new: dict[str, date] = {}  # by symbol, the first session with new rows
        for result in self.imported:
            if result.rows:
                first_new[result.symbol] = min(result.session, first_new.get(result.symbol, result.session))
        for session, symbol in done:
            changed = symbol in first_new and session >= first_new[symbol]
            series.rank(symbol, session, recompute=changed)
            self.days[symbol, session] = SessionSeries(
                series.stored_rank(symbol, session), series.store_regime(session, self.now_ms, again=changed)
            )
            yield

    def ranking_hints(self) -> list[str]:
        """Return a sentence for each symbol whose later IV percentiles do not count the imported rows yet."""
        new = [result for result in self.imported if result.rows]
        sentences = []
        for symbol in sorted({result.symbol for result in new}):
            last = max(result.session for result in new if result.symbol == symbol)
            if ranked := series.count_later_ranks(symbol, last):
                sentences.append(
                    f"{ranked} later sessions of {symbol} were ranked without these. Rank them again with"
                    f" manage.py calculate_iv {symbol} --date {last} --to DATE, where DATE is the last of them."
                )
        return sentences

    def _import_snapshot(self, snapshot: Snapshot, units: Mapping[str, str]) -> Iterator[ImportResult]:
        malformed = Counter({WRONG_LENGTH: snapshot.malformed} if snapshot.malformed else {})
        try:
            slot_at = slot_of(snapshot.quote_date)
        except NoSlot as error:
            self.unassigned[str(error)] += len(snapshot)
            return
        rows = read_contracts(snapshot.cells, self.symbol, malformed)
        roots, root_index = np.unique(rows.columns.root, return_inverse=True)
        symbol_of_roots = [
            self.symbol or rows.symbol_of_root.get(root) or symbol_of(root) for root in roots.tolist()
        ]
        symbols = np.array(symbol_of_roots, dtype=np.str_)[root_index]
        if not len(symbols):
            reasons = ", ".join(f"{reason}: {count}" for reason, count in rows.rejected.items() if count)
            self.unassigned[f"{snapshot.quote_date} has no contract ({reasons})"] += len(snapshot)
        for symbol in sorted(set(symbols.tolist())):
            entry = entry_of(symbol)
            checked, spot = rows.for_underlying(symbols == symbol, entry.roots)
            yield import_slot(entry, slot_at, checked, spot, self.now_ms, units, self.dry_run)
            rows = rows.without_counts()
