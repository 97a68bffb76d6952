"""Contracts that may have traded during a gap."""

from __future__ import annotations

from typing import NamedTuple

from warehouse import queries
from warehouse.asof import chain, flow
from warehouse.asof.chain import ChainActivity
from warehouse.task_names import RunTask

MARGIN_MS = 30 * 60_000  # a contract that traded this shortly before or after a gap may have traded in it


class _Shown(NamedTuple):
    """The times between which a chain shows the market, epoch ms.

    That is at its fetch, minus the delay of the plan, not at its slot. It is not one instant either: the first page is
    older than the last page by the duration of the fetch.
    """

    slot_ms: int
    first_ms: int
    last_ms: int


def contracts_around(symbols: list[str], from_ms: int, to_ms: int) -> list[tuple[str, str]]:
    """Return (symbol, contract ticker) of the contracts that may have traded in a gap, ascending.

    These are contracts with trades stored shortly before or after the gap, and contracts whose volume of the day grew
    from the last chain before the gap to the first chain after it.
    """
    found = set()
    for symbol in symbols:
        traded = flow.traded_contracts(symbol, from_ms - MARGIN_MS, to_ms + MARGIN_MS)
        found |= {(symbol, ticker) for ticker in (*traded, *_grown(symbol, from_ms, to_ms))}
    return sorted(found)


def chain_since(symbols: list[str], at_ms: int) -> bool:
    """Return whether each symbol has a chain of the half hour after `at_ms`."""
    return all(any(shown.first_ms >= at_ms for shown in _near(symbol, at_ms, at_ms)) for symbol in symbols)


def _grown(symbol: str, from_ms: int, to_ms: int) -> list[str]:
    """Return the contracts whose volume grew over the gap; a contract without a volume before it had none."""
    near = _near(symbol, from_ms, to_ms)
    after = [shown.slot_ms for shown in near if shown.first_ms >= to_ms]
    if not after:
        return []
    before = [shown.slot_ms for shown in near if shown.last_ms <= from_ms]
    old = _volumes(symbol, before[-1]) if before else {}
    return [ticker for ticker, volume in _volumes(symbol, after[0]).items() if volume > old.get(ticker, 0.0)]


def _volumes(symbol: str, slot_ms: int) -> dict[str, float]:
    """Return the contracts that traded on the day of a chain, with their volume so far."""
    stored = chain.read(symbol, slot_ms, ChainActivity)
    traded = stored.volume > 0
    return dict(zip(stored.contract_ticker[traded].tolist(), stored.volume[traded].tolist(), strict=True))


def _near(symbol: str, from_ms: int, to_ms: int) -> list[_Shown]:
    """Return the chains whose slots are near a gap, oldest first."""
    slots = chain.slots(symbol, from_ms - MARGIN_MS, to_ms + MARGIN_MS)
    fetches = queries.fetch_times(RunTask.INGEST_CHAIN, symbol, [slot.timestamp for slot in slots])
    shown = []
    for slot in slots:
        delay_ms, duration_ms = fetches.get(slot.timestamp, (0, 0))
        last_ms = slot.fetched_at - delay_ms
        shown.append(_Shown(slot.timestamp, last_ms - duration_ms, last_ms))
    return shown
