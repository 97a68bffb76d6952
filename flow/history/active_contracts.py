"""Contracts that may have traded during a gap.

The chains stored before and after a gap show which contracts traded in between: their volume of the day changed. A
contract that expired meanwhile is missing from the chain after the gap, and after the last chain of a session nothing
shows what traded. In these cases all listed contracts are returned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from provider.client import MassiveClient
from provider.errors import NotFound
from quant.sessions import new_york_date
from warehouse import clock, market_days, queries
from warehouse.asof import chain, flow
from warehouse.asof.chain import ChainActivity
from warehouse.models import WatchlistEntry
from warehouse.task_names import RunTask

MARGIN_MS = 30 * 60_000  # a contract that traded this shortly before or after a gap may have traded in it
AFTER_CLOSE_MS = 15 * 60_000  # options on indexes and on some ETFs trade until then


class ActiveContract(NamedTuple):
    """A contract that may have traded; `volume` (contracts) is how much it traded around the gap, by what is stored."""

    symbol: str
    contract_ticker: str
    volume: float


class _Shown(NamedTuple):
    """The times between which a chain shows the market, epoch ms.

    That is at its fetch, minus the delay of the plan, not at its slot. It is not one instant either: the first page is
    older than the last page by the duration of the fetch.
    """

    slot_ms: int
    first_ms: int
    last_ms: int


class _Part(NamedTuple):
    """The part of a gap in which contracts traded in one session; `opens_ms` to `ends_ms`: all that trade, epoch ms."""

    session: dt.date
    opens_ms: int
    closes_ms: int
    ends_ms: int
    from_ms: int
    to_ms: int


def contracts_around(
    symbols: list[str], from_ms: int, to_ms: int, client: MassiveClient
) -> list[ActiveContract]:
    """Return the contracts that may have traded in a gap, those with the largest volume first.

    These are contracts with trades stored shortly before or after the gap and, for each session that the gap overlaps:

    - contracts whose volume of the day changed from the last chain before the gap to the first chain after it
    - contracts in a chain before or during the gap that are not in the chain after it, because they expired
    - without a chain after the gap, all contracts in the chains before and during it
    - all contracts that the provider lists for the session, if no stored chain lists those that expire in it, and for
      symbols of which only a band of strikes is stored.

    Outside sessions, from 15 minutes after the close to the open, only contracts with stored trades are returned.
    Raises `provider.errors`.
    """
    parts = list(_parts(from_ms, to_ms))
    banded = set(
        WatchlistEntry.objects.filter(strike_band_pct__isnull=False).values_list("symbol", flat=True)
    )
    found = []
    for symbol in symbols:
        volumes = flow.traded_sizes(symbol, from_ms - MARGIN_MS, to_ms + MARGIN_MS)
        for part in parts:
            _merge(volumes, _active_in(symbol, part, symbol in banded, client))
        found += [ActiveContract(symbol, ticker, volume) for ticker, volume in volumes.items()]
    return sorted(found, key=lambda one: (-one.volume, one.symbol, one.contract_ticker))


def chain_since(symbols: list[str], at_ms: int) -> bool:
    """Return whether each symbol has a chain of the half hour after `at_ms`."""
    return all(
        any(shown.first_ms >= at_ms for shown in _shown(symbol, at_ms - MARGIN_MS, at_ms + MARGIN_MS))
        for symbol in symbols
    )


def is_trading(at_ms: int) -> bool:
    """Return whether contracts may trade at a time: in a session, or within 15 minutes after its close."""
    return any(_parts(at_ms, at_ms))


def _parts(from_ms: int, to_ms: int) -> Iterator[_Part]:
    days = (new_york_date(clock.instant(at_ms)) for at_ms in (from_ms, to_ms))
    for session, hours in market_days.hours(*days).items():
        opens_ms, closes_ms = clock.epoch_ms(hours.opens), clock.epoch_ms(hours.closes)
        ends_ms = closes_ms + AFTER_CLOSE_MS
        if from_ms <= ends_ms and to_ms >= opens_ms:
            inside = (max(from_ms, opens_ms), min(to_ms, ends_ms))
            yield _Part(session, opens_ms, closes_ms, ends_ms, *inside)


def _active_in(symbol: str, part: _Part, is_banded: bool, client: MassiveClient) -> dict[str, float]:
    """Return the contracts that may have traded in a part of a gap, with their volume."""
    shown = _shown(symbol, part.opens_ms, part.ends_ms)
    before = [each for each in shown if each.last_ms <= part.from_ms][-1:]
    during = [each for each in shown if each.last_ms > part.from_ms and each.first_ms < part.to_ms]
    after = [each for each in shown if each.first_ms >= part.to_ms][:1]
    earlier = [*before, *during]
    listed: dict[str, float] = {}
    open_ones = [each for each in earlier if each.last_ms < part.closes_ms]
    # Contracts are listed at any time and expire at the close: each is in one of these.
    for each in {*earlier[:1], *open_ones[-1:], *earlier[-1:]}:
        _merge(listed, _volumes(symbol, each.slot_ms))
    lists_all = earlier or (after and after[0].first_ms < part.closes_ms)
    if is_banded or not lists_all:
        _merge(listed, dict.fromkeys(_provider_list(client, symbol, part.session), 0.0))
    if not after:
        return listed
    new = _volumes(symbol, after[0].slot_ms)
    old = _volumes(symbol, before[0].slot_ms) if before else {}
    changes = {ticker: abs(volume - old.get(ticker, 0.0)) for ticker, volume in new.items()}
    active = {ticker: change for ticker, change in changes.items() if change}
    return active | {ticker: volume for ticker, volume in listed.items() if ticker not in new}


def _merge(volumes: dict[str, float], more: dict[str, float]) -> None:
    """Add contracts to `volumes`, of two volumes the larger."""
    for ticker, volume in more.items():
        volumes[ticker] = max(volume, volumes.get(ticker, 0.0))


def _volumes(symbol: str, slot_ms: int) -> dict[str, float]:
    """Return all contracts of a chain with their volume of the day so far; an unknown volume is 0."""
    stored = chain.read(symbol, slot_ms, ChainActivity)
    volumes = [volume if volume > 0 else 0.0 for volume in stored.volume.tolist()]
    return dict(zip(stored.contract_ticker.tolist(), volumes, strict=True))


def _provider_list(client: MassiveClient, symbol: str, session: dt.date) -> list[str]:
    """Return the contracts that the provider lists and that did not expire before the session."""
    try:
        return [
            row.ticker
            for expired in (False, True)
            for row in client.contracts(symbol, expired=expired, expiration_date_gte=session).rows
        ]
    except NotFound:
        return []


def _shown(symbol: str, first_ms: int, last_ms: int) -> list[_Shown]:
    """Return the chains whose slots are between two times, oldest first."""
    slots = chain.slots(symbol, first_ms, last_ms)
    fetches = queries.fetch_times(RunTask.INGEST_CHAIN, symbol, [slot.timestamp for slot in slots])
    shown = []
    for slot in slots:
        delay_ms, started_ms = fetches.get(slot.timestamp, (0, slot.fetched_at))
        started_ms = min(started_ms, slot.fetched_at)
        shown.append(_Shown(slot.timestamp, started_ms - delay_ms, slot.fetched_at - delay_ms))
    return shown
