"""Trades of one contract from the provider's REST history, in the form that the stream delivers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.history import underlying_state
from flow.history.past_rates import PERIOD_MS, past_rates
from flow.history.underlying_state import UnderlyingState
from flow.storing.exchanges import condition_names, exchange_ids, exchange_names
from provider.client import MassiveClient
from provider.errors import Terminal
from provider.records import Quote, Trade
from quant.chain import Floats
from warehouse.models import OptionsFlow

NS_PER_MS = 1_000_000
QUOTE_BACK_MS = 60_000  # an older quote is stale anyway


class MatchKey(NamedTuple):
    """The values by which two trades of one contract are matched when a sequence number is missing."""

    timestamp: int
    price: Decimal
    size: float
    exchange: str
    conditions: tuple[str, ...]


class PastTrades(NamedTuple):
    """Trades of a contract; `rejected` counts unreadable rows of the response."""

    batch: TradeBatch
    rejected: int


def trades_between(
    client: MassiveClient,
    symbol: str,
    contract_ticker: str,
    from_ms: int,
    to_ms: int,
    now_ms: int,
    state: UnderlyingState | None = None,
    all_numbered: bool = False,
) -> PastTrades:
    """Return every trade with a time in [from_ms, to_ms], with the quote before it if the plan includes quotes.

    `state` is the state of the underlying, by default that of the last trade stored before `from_ms`. A trade without
    a sequence number gets the number of an equal trade in the table, so that storing it again changes nothing. If the
    table has fewer of them, the others get negative numbers that are free in their millisecond. `all_numbered` means
    that no trade in the table lacks a number. Raises the errors of `provider.errors`.
    """
    until = (to_ms + 1) * NS_PER_MS - 1
    response = client.trades(contract_ticker, (from_ms - PERIOD_MS) * NS_PER_MS, until)
    # The trades of the minute before only show the rate of the first ones.
    before = sum(trade.sip_timestamp < from_ms * NS_PER_MS for trade in response.rows)
    trades, rates = response.rows[before:], _rates(response.rows)[before:]
    times = np.array([trade.sip_timestamp for trade in trades], dtype=np.int64)
    stamps = times // NS_PER_MS
    quotes = _quotes(client, contract_ticker, stamps) if trades else []
    state = state or underlying_state.before(symbol, from_ms)
    spot, spot_age = state.price_at(stamps)
    batch = TradeBatch(
        contract_ticker=_repeated(contract_ticker, trades, np.bytes_),
        timestamp_ms=stamps,
        sequence_number=np.array(
            _sequence_numbers(symbol, contract_ticker, trades, all_numbered), dtype=np.int64
        ),
        price=np.array([trade.price for trade in trades], dtype=np.float64),
        # Fractional sizes do not exist: they become 0, which the checks reject.
        size=np.array([trade.size if trade.size.is_integer() else 0 for trade in trades]).astype(np.int64),
        exchange=exchange_ids([trade.exchange or 0 for trade in trades]).astype(np.int32),
        condition=np.array([(trade.conditions or (0,))[0] for trade in trades], dtype=np.int32),
        conditions=np.array([_condition_list(trade) for trade in trades], dtype=np.bytes_),
        **last_quotes(quotes, times),
        underlying_price=spot,
        underlying_age_ms=spot_age,
        average_size=_repeated(state.average_size, trades, np.float64),
        large_size=_repeated(state.large_size, trades, np.float64),
        trade_rate=rates,
        received_at_ms=_repeated(now_ms, trades, np.int64),
        source="rest",
    )
    return PastTrades(batch, sum(response.rejected.values()))


def _rates(trades: list[Trade]) -> Floats:
    stamps = np.array([trade.sip_timestamp // NS_PER_MS for trade in trades], dtype=np.int64)
    conditions = np.zeros(
        (len(trades), max(1, *(len(trade.conditions or ()) for trade in trades), 1)), np.int64
    )
    for place, trade in enumerate(trades):
        conditions[place, : len(trade.conditions or ())] = trade.conditions or ()
    return past_rates(np.zeros(len(trades), dtype=np.int64), stamps, conditions)


def _sequence_numbers(
    symbol: str, contract_ticker: str, trades: list[Trade], all_numbered: bool
) -> list[int]:
    """Return a sequence number for every trade.

    The table may hold a numbered trade under a negative number, when it was loaded from a flat file.
    """
    wanted = [trade for trade in trades if trade.sequence_number is None] if all_numbered else trades
    stored = _stored(symbol, contract_ticker, wanted) if wanted else {}
    lowest: Counter[int] = Counter()  # lowest number used in each millisecond, over all match keys
    for key, used in stored.items():
        lowest[key.timestamp] = min(lowest[key.timestamp], *used)
    numbers = []
    for trade in trades:
        known = stored.get(match_key(trade), []) if stored else []
        if trade.sequence_number is not None:
            unnumbered = [place for place, number in enumerate(known) if number < 0]
            listed = trade.sequence_number in known or not unnumbered
            numbers.append(trade.sequence_number if listed else known.pop(unnumbered[0]))
        elif known:
            numbers.append(known.pop(0))
        else:
            at_ms = trade.sip_timestamp // NS_PER_MS
            lowest[at_ms] -= 1
            numbers.append(lowest[at_ms])
    return numbers


def match_key(trade: Trade) -> MatchKey:
    """Return the match key of a REST trade, with values as the table stores them."""
    name = exchange_names(exchange_ids([trade.exchange or 0]))[0]
    conditions = tuple(condition_names(list(trade.conditions or ())))
    at_ms = trade.sip_timestamp // NS_PER_MS
    return MatchKey(at_ms, Decimal(repr(trade.price)), trade.size, str(name), conditions)


def _stored(symbol: str, contract_ticker: str, trades: list[Trade]) -> dict[MatchKey, list[int]]:
    """Return the sequence numbers in the table by match key, over the time of these trades."""
    times = [trade.sip_timestamp // NS_PER_MS for trade in trades]
    rows = OptionsFlow.objects.filter(
        symbol=symbol,
        timestamp__gte=min(times),
        timestamp__lte=max(times),
        contract_ticker=contract_ticker,
    ).order_by("timestamp", "sequence_number")
    stored = defaultdict(list)
    for at, price, size, exchange, conditions, number in rows.values_list(
        "timestamp", "price", "size", "exchange", "conditions", "sequence_number"
    ):
        stored[MatchKey(at, price, size, exchange or "", tuple(conditions or ()))].append(number)
    return stored


def _quotes(client: MassiveClient, contract_ticker: str, stamps: NDArray[np.int64]) -> list[Quote]:
    """Return the quotes from a minute before the first trade to the last, none if the plan excludes quotes."""
    first_ns, until_ns = (
        (int(stamps.min()) - QUOTE_BACK_MS) * NS_PER_MS,
        int(stamps.max() + 1) * NS_PER_MS - 1,
    )
    try:
        return client.quotes(contract_ticker, first_ns, until_ns).rows
    except Terminal:
        return []


def last_quotes(quotes: list[Quote], times: Any) -> dict[str, Any]:
    """Return the columns of the last quote before each trade, NaN where there is none."""
    stamps = np.array([quote.sip_timestamp for quote in quotes], dtype=np.int64)
    place = np.searchsorted(stamps, times, side="left")  # 0 means no earlier quote: the NaN put in front

    def column(values: Iterable[float | None]) -> Floats:
        numbers = (np.nan if value is None else value for value in values)
        at_trade: Floats = np.fromiter(chain([np.nan], numbers), np.float64)[place]
        return at_trade

    # Whole milliseconds, like the stream's timestamps of both.
    age = (times // NS_PER_MS - np.append(0, stamps)[place] // NS_PER_MS).astype(np.float64)
    return {
        "bid": column(quote.bid_price for quote in quotes),
        "ask": column(quote.ask_price for quote in quotes),
        "bid_size": column(quote.bid_size for quote in quotes),
        "ask_size": column(quote.ask_size for quote in quotes),
        "quote_age_ms": np.where(place > 0, age, np.nan),
    }


def _condition_list(trade: Trade) -> bytes:
    ids = trade.conditions or ()
    return ",".join(map(str, ids)).encode() if len(ids) > 1 else b""


def _repeated(value: Any, trades: list[Trade], kind: Any) -> Any:
    return np.array([value] * len(trades), dtype=kind)
