"""Which quotes a consumer subscribes to, their last values at the start, and the start of the trades.

At the start quotes are subscribed first. Then the last quote of each contract is fetched: a quote that does not change
is not sent, and one fetched before the subscription could have changed in between. Trades are subscribed last, so that
the first ones have quotes. Trades do not wait longer than START_SECONDS for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from flow.stream import subscription
from flow.stream.consumer import Consumer
from flow.stream.first_quotes import FirstQuotes
from flow.stream.subscription import Watch
from quant import sessions
from warehouse import clock

START_SECONDS: Final = 20.0  # after which trades are subscribed even without quotes
CHOOSE_SECONDS: Final = 15 * 60.0  # the interval at which chains are stored
MISSING_SECONDS: Final = 60.0  # the same while a chain is missing
FETCH_SECONDS: Final = (
    60.0  # the shortest time between two fetches, so that a damaged stream does not cause many
)


class QuoteUpkeep:
    """Subscriptions of one consumer. `trade_topics` returns the topics of trades for the contracts with quotes.

    Call `choose_if_due` and `tend` at least about once per second, on one thread.
    """

    def __init__(
        self, consumer: Consumer, trade_topics: Callable[[set[str]], set[str]], first_quotes: FirstQuotes
    ) -> None:
        self.quoted: set[str] = set()  # contract tickers
        self.trades_subscribed = False
        self._consumer, self._trade_topics, self._first_quotes = consumer, trade_topics, first_quotes
        self._start_by = time.monotonic() + START_SECONDS
        self._choose_at, self._fetch_at = 0.0, 0.0  # monotonic
        self._chosen = False
        self._fetched_symbols = 0
        self._fetched: set[str] = set()  # contracts whose last quotes were requested
        self._losses = self._losses_at_request = 0
        self._refused = False

    def choose_if_due(self, watch: Watch, now_ms: int) -> None:
        """Choose contracts every 15 minutes; while a chain is missing, every minute and after each fetched symbol."""
        if time.monotonic() >= self._choose_at or self._has_new_symbols():
            self.choose(watch, now_ms)

    def choose(self, watch: Watch, now_ms: int) -> None:
        """Subscribe to the quotes of the contracts with the most valuable ones as of `now_ms`. Reads the database."""
        fetched = dict(self._first_quotes.contracts)
        chosen = subscription.choose_contracts(watch.symbols, fetched, now_ms)
        missing = {symbol: watch.provider_symbols[symbol] for symbol in chosen.without_chain}
        self._first_quotes.request(missing, sessions.new_york_date(clock.instant(now_ms)))
        self._fetched_symbols = len(fetched)
        self._choose_at = time.monotonic() + (MISSING_SECONDS if missing else CHOOSE_SECONDS)
        dropped, self.quoted = self.quoted - chosen.contracts, chosen.contracts
        self._fetched -= dropped
        self._chosen = True
        self._subscribe()
        self._consumer.frames.call(lambda: self._consumer.enricher.quotes.forget(dropped))

    def tend(self) -> None:
        """Pass on fetched quotes, subscribe trades when the quotes are known or late, and fetch missing quotes."""
        # Read once, because the rest is consistent only if no fetch ends in between.
        is_running = self._first_quotes.is_running
        if not is_running and (quotes := self._first_quotes.take_quotes()):
            self._consumer.add_quotes(quotes, self._losses_at_request)
        is_late = time.monotonic() >= self._start_by
        if not self.trades_subscribed and (is_late or (not is_running and self._is_ready())):
            self.trades_subscribed = True
            self._subscribe()
            self._consumer.expect_trades()
        if not is_running:
            self._fetch_missing()

    def _is_ready(self) -> bool:
        if not self._chosen or self._has_new_symbols():
            return False
        stream = self._consumer.streams[0]
        # A plan without quotes refuses each of them, and nothing is subscribed until the trades are.
        self._refused = not stream.is_subscribed and stream.said.startswith("error")
        return self._refused or self.quoted <= self._fetched

    def _fetch_missing(self) -> None:
        if self._consumer.quote_losses != self._losses:
            self._losses = self._consumer.quote_losses
            self._fetched.clear()
        missing = self.quoted - self._fetched
        is_due = time.monotonic() >= self._fetch_at and not self._refused
        if missing and is_due and self._consumer.streams[0].is_subscribed:
            self._fetched |= missing
            self._losses_at_request = self._losses
            self._fetch_at = time.monotonic() + FETCH_SECONDS
            self._first_quotes.request_quotes(sorted(missing))

    def _has_new_symbols(self) -> bool:
        return len(self._first_quotes.contracts) != self._fetched_symbols

    def _subscribe(self) -> None:
        topics = {f"Q.{ticker}" for ticker in self.quoted}
        if self.trades_subscribed:
            topics |= self._trade_topics(self.quoted)
        self._consumer.streams[0].want(topics)
