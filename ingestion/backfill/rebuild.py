"""A past session's slots, rebuilt from the bars we hold: greeks rows, gamma snapshot and DONE in one commit each.

Asks the provider for nothing. A slot that was recorded live stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingestion.backfill.gamma import rebuilt_gamma, recorded_open_interest, with_weights
from ingestion.backfill.listed import Listed
from ingestion.backfill.listing import Lists, NotListedError
from ingestion.backfill.option_bars import TASK as BARS_TASK
from ingestion.backfill.selection import Depth, series_of, wanted_at
from ingestion.backfill.slot_chain import METHOD_VERSION, RebuiltSlot, rebuild_slot
from ingestion.backfill.trades import price_at, read_bars, trades_at
from ingestion.backfill.volatility import SpotDisagreesError
from ingestion.bar_times import close_ms, open_ms
from ingestion.coverage import FROM
from ingestion.slots import CLOSING_SLOT_OPEN_FOR, Slot, slots_of
from ingestion.store import gamma_row, greeks_rows, summary
from quant import sessions
from warehouse import bulk, clock, partitions, queries, runs
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun
from warehouse.models.enums import RunStatus, Source

BACKFILL_TASK = "backfill_chain"
Every = Literal["close", "15m"]
_TABLE = HistoricalGreeks._meta.db_table

_OTHERS = (
    "SELECT EXISTS (SELECT FROM historical_greeks"
    " WHERE symbol = %s AND \"timestamp\" = %s AND source <> 'backfill')"
)
_COUNT = 'SELECT count(*) FROM historical_greeks WHERE symbol = %s AND "timestamp" = %s'
_FORGET = "DELETE FROM historical_greeks WHERE symbol = %s AND \"timestamp\" = %s AND source = 'backfill'"


@dataclass(slots=True)
class Rebuilt:
    """What one session came to: `slots` and `rows` stored, contracts left out by reason over all slots. `stored` is
    false where nothing was, and `detail` says why, or what else is to be said."""

    symbol: str
    session: date
    slots: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    stored: bool = False
    detail: str = ""

    def __str__(self) -> str:
        held = f"{self.slots} slots, {self.rows:,} rows" if self.stored else "nothing stored"
        return f"{self.symbol} {self.session}: {held}{f' ({self.detail})' if self.detail else ''}"


class NotRebuiltError(Exception):
    """A slot that is not stored, and why. It leaves no run: the next call looks at it again."""


def rebuild_session(
    symbol: str, session: date, depth: Depth, every: Every = "close", lists: Lists | None = None
) -> Rebuilt:
    """Rebuilds the slot of a session's close, or every quarter hour that has one behind it, from stored bars.

    Reads the contracts that were listed, their bars and the underlying's (`listed_contracts`, `ensure_option_bars`,
    `ensure_underlying_bars` put them there), none that ended after its slot. Contracts left out are counted: expired,
    no_trade (none in the session so far), stale (the last one over two hours old), no_underlying. A slot of which
    not every wanted contract was asked for is not stored. Done once per depth; of two depths the one with more rows
    stands. `lists` may have been read for other sessions before. Raises ValueError for a date without a session. Not
    inside a transaction.
    """
    done = Rebuilt(symbol, session)
    closed = sessions.close_of(session)
    slots = wanted_slots(session, every)
    if clock.now() < closed + CLOSING_SLOT_OPEN_FOR:
        done.detail = "the session is not over"
        return done
    if not partitions.inside(_TABLE, np.array([slots[0].at_ms]), clock.now_ms()).all():
        done.detail = "older than the table keeps"
        return done
    task = f"{BACKFILL_TASK}_{depth}"
    statuses = queries.run_statuses(task, symbol, slots[0].at_ms)
    left = [slot for slot in slots if statuses.get(slot.at_ms) != RunStatus.DONE]
    details = Counter({str(runs.Refusal.DONE): len(slots) - len(left)})
    if left:
        try:
            listed = (lists or Lists()).remembered_contracts(symbol, session, depth.max_dte)
            day = _Day(symbol, session, depth, listed)
        except NotListedError as error:
            done.detail = str(error)
            return done
        for slot in left:
            try:
                rows, rejected = day.rebuild(task, slot)
            except (NotRebuiltError, SpotDisagreesError) as reason:
                details[str(reason)] += 1
                continue
            done.slots, done.rows, done.stored = done.slots + 1, done.rows + rows, True
            done.rejected.update(rejected)
    done.detail = "; ".join(f"{text} ({n} slots)" if n > 1 else text for text, n in (+details).items())
    return done


class _Day:
    """A session's contracts and the underlying's bars, read once for all its slots."""

    def __init__(self, symbol: str, session: date, depth: Depth, listed: Listed) -> None:
        self.symbol, self.session, self.depth = symbol, session, depth
        self.listed, self.series = listed, series_of(listed)
        self.underlying = read_bars([symbol], session)

    def rebuild(self, task: str, slot: Slot) -> tuple[int, Counter[str]]:
        """Computes and stores one slot; the rows, and the contracts left out by reason."""
        spot = price_at(self.underlying, slot.at_ms)
        if np.isnan(spot):
            raise NotRebuiltError("the underlying has no bar that ends at the slot")
        if _recorded(self.symbol, slot.at_ms):
            raise NotRebuiltError("recorded when it was due")
        rows = wanted_at(self.listed, self.series, self.session, spot, self.depth)
        wanted = self.listed.pick(rows)
        missing = int(np.count_nonzero(~_fetched(wanted.ticker, self.session)))
        if missing:
            raise NotRebuiltError(f"the bars of {missing} of {len(wanted)} contracts were not asked for yet")
        trades = trades_at(
            read_bars(wanted.ticker.tolist(), self.session), self.underlying, len(wanted), slot.at_ms
        )
        rebuilt = rebuild_slot(wanted, trades, slot.at)
        with runs.claim(task, self.symbol, slot.at_ms) as run:
            if isinstance(run, runs.Refusal):
                raise NotRebuiltError(str(run))
            return self._store(run, rebuilt, len(wanted)), rebuilt.chain.rejected

    def _store(self, run: runs.Run, rebuilt: RebuiltSlot, contracts: int) -> int:
        chain = rebuilt.chain
        count = len(chain.columns)
        recorded = recorded_open_interest(self.symbol, self.session, run.slot, chain.columns.ticker)
        weighted, oi_source = with_weights(chain, recorded)
        everything = np.ones(count, dtype=np.bool_)
        rows = {
            **greeks_rows(self.symbol, chain, everything, clock.now_ms(), Source.BACKFILL, METHOD_VERSION),
            "open_interest": recorded,
        }
        gamma = rebuilt_gamma(self.symbol, run.slot, weighted, oi_source)
        partitions.ensure(_TABLE, run.slot, run.slot)
        with transaction.atomic():
            inserted = 0
            if count and self._make_room(run, count):
                inserted = bulk.insert_rows(HistoricalGreeks, rows)
                gamma_row(run, gamma, oi_source).save(force_insert=True)
            runs.finish(
                run,
                contracts=contracts,
                rows=inserted,
                rejected=chain.rejected,
                result=summary(weighted, gamma)
                | {
                    "depth": str(self.depth),
                    "forwards": rebuilt.forwards,
                    "from_other_side": rebuilt.from_other_side,
                    "oi_source": oi_source.value,
                },
            )
        return inserted

    def _make_room(self, run: runs.Run, rows: int) -> bool:
        """Takes away what another depth stored of the slot; False where that holds more."""
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [self.symbol, run.slot])
            (stored,) = cursor.fetchone()
            if stored > rows:
                return False
            if stored:
                cursor.execute(_FORGET, [self.symbol, run.slot])
        GammaExposure.objects.filter(symbol=self.symbol, timestamp=run.slot).delete()
        return True


def wanted_slots(session: date, every: Every) -> list[Slot]:
    """The slots to rebuild. Nothing has traded before the first one of a session, its open."""
    slots = slots_of(session)
    return slots[-1:] if every == "close" else slots[1:]


def wanted_prices(symbol: str, days: Sequence[date], every: Every) -> dict[date, list[float]]:
    """The underlying's stored price at each slot to rebuild, by session, NaN where there is none: for `select`."""
    prices = {}
    for session in days:
        underlying = read_bars([symbol], session)
        prices[session] = [price_at(underlying, slot.at_ms) for slot in wanted_slots(session, every)]
    return prices


def _recorded(symbol: str, slot_ms: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [symbol, slot_ms])
        return bool(cursor.fetchone()[0])


def _fetched(tickers: NDArray[np.str_], session: date) -> NDArray[np.bool_]:
    """Which contracts' bars of the session the ledger knows to be there, shape (n,)."""
    found = IngestionRun.objects.filter(
        task=BARS_TASK, symbol__in=tickers.tolist(), status=RunStatus.DONE, slot__gte=close_ms(session)
    )
    covered = {
        ticker
        for ticker, result in found.values_list("symbol", "result")
        if result and result[FROM] <= open_ms(session)
    }
    return np.array([ticker in covered for ticker in tickers.tolist()], dtype=np.bool_)
