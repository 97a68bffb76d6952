"""Implied volatility, delta and open interest of traded contracts at the last stored slot before each trade."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Q

from quant import sessions
from warehouse import clock
from warehouse.models import GammaSlot, HistoricalGreeks, OptionsFlow
from web.lists.filters import bounds_of

_Key = tuple[str, int, str]  # symbol, slot (epoch ms), contract ticker


class ChainValues(NamedTuple):
    """A contract at a slot. Absent values are None.

    `slot` is epoch ms, `implied_volatility` a fraction per year, `iv_status` the reason why it is present or absent,
    `delta` dollars per dollar, `open_interest` contracts.
    """

    slot: int
    implied_volatility: float | None
    iv_status: str
    delta: float | None
    open_interest: int | None


def chain_values(trades: Sequence[OptionsFlow]) -> dict[int, ChainValues]:
    """Return the values of the contracts of trades by the trade's `id`, in two statements for all trades.

    The slot is the last one of the trade's session at or before the trade that has a gamma snapshot, which is stored
    with each chain. Trades without such a slot, or whose contract is not in its chain, are left out.
    """
    slots = _slots_before(trades)
    if not slots:
        return {}
    keys = {
        trade.pk: (trade.symbol, slots[trade.pk], trade.contract_ticker)
        for trade in trades
        if trade.pk in slots
    }
    found = _contracts(keys.values())
    return {pk: found[key] for pk, key in keys.items() if key in found}


def _slots_before(trades: Sequence[OptionsFlow]) -> dict[int, int]:
    """Return the last stored slot (epoch ms) of each trade's session at or before the trade, by the trade's id."""
    begins = {
        trade.pk: bounds_of(sessions.new_york_date(clock.instant(trade.timestamp)))[0] for trade in trades
    }
    newest: dict[tuple[str, int], int] = {}  # time of the newest trade by symbol and start of the day
    for trade in trades:
        key = (str(trade.symbol), begins[trade.pk])
        newest[key] = max(newest.get(key, 0), int(trade.timestamp))
    ranges = [
        Q(symbol=symbol, timestamp__range=(first_ms, last_ms))
        for (symbol, first_ms), last_ms in newest.items()
    ]
    if not ranges:
        return {}
    stored: dict[str, list[int]] = defaultdict(list)
    rows = GammaSlot.objects.filter(reduce(or_, ranges)).order_by("timestamp")
    for symbol, slot in rows.values_list("symbol", "timestamp"):
        stored[symbol].append(slot)
    found = {}
    for trade in trades:
        of_symbol = stored[str(trade.symbol)]
        place = bisect_right(of_symbol, trade.timestamp)
        if place and of_symbol[place - 1] >= begins[trade.pk]:
            found[trade.pk] = of_symbol[place - 1]
    return found


def _contracts(keys: Iterable[_Key]) -> dict[_Key, ChainValues]:
    """Return the contracts of chains by key. The primary key of the table serves each combination of its columns."""
    symbols, slots, tickers = (set(values) for values in zip(*keys, strict=True))
    rows = HistoricalGreeks.objects.filter(
        symbol__in=symbols, timestamp__in=slots, contract_ticker__in=tickers
    ).values_list("symbol", "contract_ticker", *("timestamp", *ChainValues._fields[1:]))
    return {
        (symbol, slot, ticker): ChainValues(slot, *values)
        for symbol, ticker, slot, *values in rows.iterator()
    }
