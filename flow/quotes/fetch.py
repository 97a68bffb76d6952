"""Requests for the quotes that stored trades want, of the largest premium first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flow.history.rest_trades import NS_PER_MS, last_quotes
from flow.quotes import wanted
from flow.quotes.wanted import Wanted
from provider.client import MassiveClient
from provider.errors import BudgetSpent, Incomplete, NotEntitled, Retryable, Terminal, Unauthorized
from quant.thresholds import TRADE_RULES
from quant.trades.classification import classify

log = logging.getLogger(__name__)

REACH_MS = 26 * 3_600_000  # age of the oldest trades whose quotes are requested: a whole session
# Quotes of the last moments may not be in the provider's history yet.
SETTLE_MS = 10_000
MOST_AT_ONCE = 25
MOST_IN_A_ROW = 3  # failed requests that end a step


@dataclass(frozen=True, slots=True)
class FetchedQuotes:
    """Results of a step. `trades` counts those whose quote was requested, `quoted` those that got a fresh one."""

    requests: int = 0
    trades: int = 0
    quoted: int = 0
    not_entitled: bool = False  # the plan has no quotes
    failure: str = ""  # of the last request that failed

    def __str__(self) -> str:
        if self.not_entitled:
            return "the plan has no quotes: none are requested"
        failed = f"; failed: {self.failure}" if self.failure else ""
        return f"{self.quoted} of {self.trades} trades got a quote by {self.requests} requests{failed}"


def fetch_quotes(
    client: MassiveClient, symbols: Sequence[str], now_ms: int, is_time_left: Callable[[], bool]
) -> FetchedQuotes:
    """Request quotes for the trades of `symbols` that want one, until none is left or the time has ended.

    One request serves all such trades of a contract and minute, those of the largest premium first. A trade without a
    quote as new as the classification needs is not asked for again. A request that fails is repeated by the next step;
    several failures in a row end this one. What was stored stays stored. Must not run inside a transaction. Raises
    database errors.
    """
    result, failed, in_a_row = FetchedQuotes(), set[tuple[str, int]](), 0
    settled_ms = now_ms - SETTLE_MS
    while True:
        most = MOST_AT_ONCE + len(failed)
        groups = wanted.largest(symbols, now_ms - REACH_MS, settled_ms, most)
        waiting = [group for group in groups if (group.contract_ticker, group.first_ms) not in failed]
        if not waiting:
            return result
        for group in waiting:
            if not is_time_left():
                return result
            try:
                quoted = _fetch(client, group)
            except BudgetSpent:
                return result
            except NotEntitled as error:
                log.warning("no quotes of trades are requested: %s", error)
                return replace(result, not_entitled=True)
            except (Retryable, Incomplete, Unauthorized) as error:
                failed.add((group.contract_ticker, group.first_ms))
                in_a_row += 1
                result = replace(result, failure=str(error))
                if in_a_row >= MOST_IN_A_ROW:
                    return result
                continue
            in_a_row = 0
            result = replace(
                result,
                requests=result.requests + 1,
                trades=result.trades + group.trades,
                quoted=result.quoted + quoted,
            )


def _fetch(client: MassiveClient, group: Wanted) -> int:
    """Request the quotes of a group and amend its trades; return how many got a quote. Raises `provider.errors`."""
    age_ms = round(TRADE_RULES["default"].quote_age_ms)
    after_ns, before_ns = (group.first_ms - age_ms) * NS_PER_MS, group.last_ms * NS_PER_MS - 1
    try:
        quotes = client.quotes(group.contract_ticker, after_ns, before_ns).rows
    except (NotEntitled, Unauthorized):
        raise
    except Terminal as error:  # the same answer again next time: these trades stay without a quote
        log.warning("no quotes of %s: %s", group.contract_ticker, error)
        quotes = []
    found = wanted.trades_of(group)
    # Stored times are whole ms. A quote of the trade's own ms may follow the trade, so it does not count.
    trades = replace(found.trades, **last_quotes(quotes, found.trades.timestamp * NS_PER_MS))
    return wanted.amend(group, found, trades, classify(trades))
