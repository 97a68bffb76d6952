"""Opened and closed contracts of a session's flow, known from the next session's open interest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from ingestion.bars.bar_times import close_ms, open_ms
from ingestion.chains.slots import CLOSING_SLOT_OPEN_FOR
from quant import sessions
from quant.chain import Floats
from quant.sessions import DAY_MS
from quant.trades.opening_flow import METHOD_VERSION, OpeningFlow, opening_flow
from warehouse import runs
from warehouse.asof import chain, flow
from warehouse.asof.chain import ChainActivity
from warehouse.asof.rows import Texts
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import FlowOpeningDay
from warehouse.task_names import RunTask

_MONEY_DIGITS = 4


@dataclass(frozen=True, slots=True)
class OpeningFlowResult:
    """The stored sums, or in `detail` the reason why none were stored."""

    symbol: str
    session: date
    sums: OpeningFlow | None = None
    detail: str = ""

    def __str__(self) -> str:
        if self.sums is None:
            return f"opening flow of {self.symbol} {self.session}: {self.detail}"
        return (
            f"opening flow of {self.symbol} {self.session}: of {self.sums.contracts:.0f} contracts"
            f" {self.sums.opened_contracts:.0f} opened, {self.sums.closed_contracts:.0f} closed,"
            f" {self.sums.unknown_contracts:.0f} unknown"
        )


@dataclass(frozen=True, slots=True)
class _Interest:
    """Open interest of the first chain of a session that has some; `slot_ms` is None without such a chain."""

    slot_ms: int | None
    contract_ticker: Texts
    open_interest: Floats

    def of(self, tickers: Texts) -> Floats:
        """Return the open interest of contracts, NaN where it is unknown; shape (n,)."""
        found = np.full(len(tickers), np.nan)
        place = np.searchsorted(self.contract_ticker, tickers)
        listed = np.flatnonzero(place < len(self.contract_ticker))
        listed = listed[self.contract_ticker[place[listed]] == tickers[listed]]
        found[listed] = self.open_interest[place[listed]]
        return found


def store_opening_flow(symbol: str, session: date, now_ms: int, again: bool = False) -> OpeningFlowResult:
    """Divide a session's stored trades by the change of open interest until the next session, and store the sums.

    Runs once per symbol and session; with `again` the row is computed again, and a new one is known from the time at
    which a live one is. Without open interest of the next session it fails until that session has closed; then all
    flow is unknown. Raises ValueError for a date without a session.
    """
    with runs.claim(RunTask.STORE_OPENING_FLOW, symbol, close_ms(session)) as run:
        if run is runs.Refusal.BUSY or (run is runs.Refusal.DONE and not again):
            return OpeningFlowResult(symbol, session, detail=str(run))
        following = sessions.next_session(session)
        after = _first_interest(symbol, following)
        if (
            after.slot_ms is None
            and now_ms < close_ms(following) + CLOSING_SLOT_OPEN_FOR.total_seconds() * 1000
        ):
            detail = f"no open interest of {following} is stored yet"
            if isinstance(run, runs.Run):
                runs.fail(run, detail)
            return OpeningFlowResult(symbol, session, detail=detail)
        sums = _sums(symbol, session, after)
        known = _known_at(following, after.slot_ms) if again else known_at.NOW

        def insert() -> None:
            _store(symbol, session, following, sums, known)
            if isinstance(run, runs.Run):
                runs.finish(run, rows=1)

        store_in_time(insert)
    return OpeningFlowResult(symbol, session, sums)


def _first_interest(symbol: str, session: date) -> _Interest:
    """Open interest is the same in all chains of a session; the first one has it earliest."""
    for slot in chain.slots(symbol, open_ms(session), close_ms(session)):
        stored: ChainActivity = chain.open_interest(symbol, slot.timestamp, slot.timestamp)
        if len(stored.contract_ticker):
            return _Interest(slot.timestamp, stored.contract_ticker, stored.open_interest)
    return _Interest(None, np.array([], dtype=np.str_), np.array([]))


def _sums(symbol: str, session: date, after: _Interest) -> OpeningFlow:
    opens = open_ms(session)
    day = opens - opens % DAY_MS  # the UTC day contains the session, and is what flow_daily sums
    traded = flow.contract_sums(symbol, day, day + DAY_MS - 1)
    before = _first_interest(symbol, session)
    change = after.of(traded.contract_ticker) - before.of(traded.contract_ticker)
    return opening_flow(traded.contracts, traded.premium, change)


def _known_at(following: date, slot_ms: int | None) -> int:
    return known_at.of_session(following) if slot_ms is None else known_at.of_chain(slot_ms)


def _store(symbol: str, session: date, following: date, sums: OpeningFlow, known: Any) -> None:
    columns: dict[str, Any] = {
        name: round(value, _MONEY_DIGITS) if name.endswith("premium") else round(value)
        for name, value in sums._asdict().items()
    }
    columns |= {"next_date": following, "method_version": METHOD_VERSION}
    FlowOpeningDay.objects.bulk_create(
        [FlowOpeningDay(symbol=symbol, date=session, known_at=known, **columns)],
        update_conflicts=True,
        unique_fields=["symbol", "date"],
        update_fields=list(columns),
    )
