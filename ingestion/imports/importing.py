"""The whole of an import: files snapshot by snapshot, then the series of the sessions they held."""

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
class Day:
    """The series of one session of one underlying, None where there is no row."""

    iv: IvPercentile | None
    regime: MarketRegimeDay | None


@dataclass(slots=True)
class ChainImport:
    """What was imported so far. `told` names columns by their headers; without a symbol the roots tell."""

    symbol: str | None
    told: Mapping[str, str]
    now_ms: int
    dry_run: bool = False
    imported: list[ImportResult] = field(default_factory=list)
    days: dict[tuple[str, date], Day] = field(default_factory=dict)
    unplaced: Counter[str] = field(
        default_factory=Counter
    )  # rows that belong to no session, by what is wrong

    def file(self, path: Path) -> Iterator[int]:
        """Imports a file; yields the bytes of it that are done, once a snapshot. Raises UnknownLayout."""
        units: dict[str, str] = {}
        for snapshot in snapshots(path, self.told, self.symbol):
            for found in self._snapshot(snapshot, units):
                self.imported.append(found)
                units |= found.units
            yield snapshot.bytes_read

    def series(self) -> Iterator[None]:
        """Ranks the imported sessions and names their regimes, oldest first; yields after each."""
        done = sorted({(found.session, found.symbol) for found in self.imported if found.done})
        first: dict[str, date] = {}  # by symbol, the first session that is new
        for found in self.imported:
            if found.rows:
                first[found.symbol] = min(found.session, first.get(found.symbol, found.session))
        for session, symbol in done:
            changed = symbol in first and session >= first[symbol]
            series.rank(symbol, session, again=changed)
            self.days[symbol, session] = Day(
                series.stored_rank(symbol, session), series.store_regime(session, self.now_ms)
            )
            yield

    def later(self) -> list[str]:
        """One sentence per symbol whose later sessions were ranked without what has been imported now."""
        new = [found for found in self.imported if found.rows]
        sentences = []
        for symbol in sorted({found.symbol for found in new}):
            last = max(found.session for found in new if found.symbol == symbol)
            if count := series.count_later_ranks(symbol, last):
                sentences.append(
                    f"{count} later sessions of {symbol} were ranked without these; rank them anew with"
                    f" manage.py calculate_iv {symbol} --date {last} --to their last."
                )
        return sentences

    def _snapshot(self, snapshot: Snapshot, units: Mapping[str, str]) -> Iterator[ImportResult]:
        cut = Counter({WRONG_LENGTH: snapshot.cut} if snapshot.cut else {})
        try:
            at = slot_of(snapshot.quote_date)
        except NoSlot as error:
            self.unplaced[str(error)] += len(snapshot)
            return
        rows = read_contracts(snapshot.cells, self.symbol, cut)
        roots, place = np.unique(rows.columns.root, return_inverse=True)
        symbols = np.array([self.symbol or symbol_of(root) for root in roots.tolist()], dtype=np.str_)[place]
        if not len(symbols):
            reasons = ", ".join(f"{reason}: {count}" for reason, count in rows.rejected.items() if count)
            self.unplaced[f"{snapshot.quote_date} holds no contract ({reasons})"] += len(snapshot)
        for symbol in sorted(set(symbols.tolist())):
            entry = entry_of(symbol)
            checked, spot = rows.of(symbols == symbol, entry.roots)
            yield import_slot(entry, at, checked, spot, self.now_ms, units, self.dry_run)
            rows = rows.counted()
