"""Requests for the quotes that stored trades want, of the largest premium first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flow.history.rest_trades import NS_PER_MS, last_quotes
from flow.quotes import wanted
from flow.quotes.wanted import Wanted
from provider.client import MassiveClient
from provider.errors import BudgetSpent, NotEntitled, NotFound, ProviderError, Retryable, Unauthorized
from quant.thresholds import TRADE_RULES
from quant.trades.classification import classify
from quant.trades.side import NONE_INSIDE

log = logging.getLogger(__name__)

REACH_MS = 26 * 3_600_000  # age of the oldest trades whose quotes are requested: a whole session
# Quotes of the last moments may not be in the provider's history yet.
SETTLE_MS = 10_000
MOST_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class FetchedQuotes:
    """Results of a step. `trades` counts those whose quote was requested, `quoted` those that got a fresh one."""

    requests: int = 0
    trades: int = 0
    quoted: int = 0
    not_entitled: bool = False  # the plan has no quotes
    failure: str = ""  # why the step ended early

    def __str__(self) -> str:
        if self.not_entitled:
            return "the plan has no quotes: none are requested"
        failed = f", then {self.failure}" if self.failure else ""
        return f"{self.quoted} of {self.trades} trades got a quote by {self.requests} requests{failed}"


def fetch_quotes(
    client: MassiveClient, symbols: Sequence[str], now_ms: int, is_time_left: Callable[[], bool]
) -> FetchedQuotes:
    """Request quotes for the trades of `symbols` that want one, until none is left or the time has ended.

    One request serves all such trades of a contract and minute, those of the largest premium first. A trade without a
    quote as new as the classification needs is not asked for again. Errors of the provider end the step; what was
    stored stays stored. Must not run inside a transaction. Raises database errors.
    """
    result = FetchedQuotes()
    while groups := wanted.largest(symbols, now_ms - REACH_MS, now_ms - SETTLE_MS, MOST_AT_ONCE):
        for group in groups:
            if not is_time_left():
                return result
            try:
                quoted = _fetch(client, group)
            except BudgetSpent:
                return result
            except NotEntitled as error:
                log.warning("no quotes of trades are requested: %s", error)
                return replace(result, not_entitled=True)
            except (Retryable, Unauthorized) as error:
                return replace(result, failure=str(error))
            result = replace(
                result,
                requests=result.requests + 1,
                trades=result.trades + group.trades,
                quoted=result.quoted + quoted,
            )
    return result


def _fetch(client: MassiveClient, group: Wanted) -> int:
    """Request the quotes of a group and amend its trades; return how many got a quote. Raises `provider.errors`."""
    age_ms = round(TRADE_RULES["default"].quote_age_ms)
    after_ns, before_ns = (group.first_ms - age_ms) * NS_PER_MS, group.last_ms * NS_PER_MS - 1
    try:
        quotes = client.quotes(group.contract_ticker, after_ns, before_ns).rows
    except (Retryable, NotEntitled, Unauthorized, BudgetSpent):
        raise
    except NotFound:
        quotes = []
    except (
        ProviderError
    ) as error:  # another answer that would be the same again: these trades stay without a quote
        log.warning("no quotes of %s: %s", group.contract_ticker, error)
        quotes = []
    found = wanted.trades_of(group)
    # Stored times are whole ms. A quote of the trade's own ms may follow the trade, so it does not count.
    trades = replace(found.trades, **last_quotes(quotes, found.trades.timestamp * NS_PER_MS))
    classes = classify(trades)
    usable = classes.side_code <= NONE_INSIDE
    return wanted.amend(group, found, trades, classes, usable)
