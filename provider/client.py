"""REST client of Massive.

Methods that return a list follow the page links to the last page. They return the complete list or raise an error
of `provider.errors`. Rows that do not fit their type are left out and counted in `rejected`. Dates are New York
dates; instants are epoch nanoseconds or milliseconds, as the argument names state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal, Self, TypeVar, Unpack
from urllib.parse import quote

from provider import decoding
from provider.decoding import Page
from provider.errors import BadPage, NotFound, RepeatedPage
from provider.filters import ContractFilters, Day, between, contract_params
from provider.pagination import ChainPages, Pages
from provider.rate_limit import Limiter
from provider.records import Aggregate, ChainRow, IndexRow, LastTrade, OpenClose, Quote, Trade, UniversalRow
from provider.reference import Condition, Contract, Dividend, Exchange, Holiday, MarketStatus, Split
from provider.retry import Clock, RetryPolicy
from provider.symbols import bare
from provider.transport import Traffic, Transport

Row = TypeVar("Row")
Answer = TypeVar("Answer")
Timespan = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]

_SNAPSHOT_PAGE = 250  # rows per page: the maximum of each endpoint
_REFERENCE_PAGE = 1000
_HISTORY_PAGE = 50_000
_TICKERS_PER_CALL = 250
_MOST_PAGES = 5000  # a full SPX chain has about 120


class MassiveClient:
    """HTTP client of Massive. Use it as a context manager, within one thread and one process.

    `limiter` is acquired before every request (`provider.rate_limit.limiter_for`). `timeout_seconds` limits the
    connection and each read of a response. `now_ms` returns the time that is recorded for each page (the
    warehouse clock).
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        limiter: Limiter | None = None,
        timeout_seconds: float = 10.0,
        *,
        retry: RetryPolicy | None = None,
        clock: Clock = time,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._transport = Transport(
            base_url,
            api_key,
            limiter=limiter,
            timeout_seconds=timeout_seconds,
            retry=retry or RetryPolicy(),
            clock=clock,
        )
        self._now_ms = now_ms

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    @property
    def traffic(self) -> Traffic:
        """The requests sent so far, and how many failed with which error."""
        return self._transport.traffic

    # -- snapshots ---------------------------------------------------------------------------------------
    def chain(self, provider_symbol: str, **filters: Unpack[ContractFilters]) -> ChainPages:
        """Return the current chain of `I:SPX` or `SPY`. The provider has no request for a past chain."""
        chain = ChainPages()
        params = {"limit": str(_SNAPSHOT_PAGE), **contract_params(filters)}
        self._walk(
            f"/v3/snapshot/options/{_part(provider_symbol)}", params, decoding.decode_chain_page, chain
        )
        chain.drop_repeated()
        return chain

    def lists_options(self, provider_symbol: str) -> bool:
        """Return whether `I:SPX` or `SPY` has a chain. The provider answers for others with 404 or an empty list."""
        path = f"/v3/snapshot/options/{_part(provider_symbol)}"
        try:
            page = self.one(path, {"limit": "1"}, decoding.decode_chain_page)
        except NotFound:
            return False
        return bool(page.rows or page.rejected)

    def contract(self, provider_symbol: str, contract_ticker: str) -> ChainRow:
        """Return one contract of a chain. Raises `NotFound` when it is unknown or expired."""
        path = f"/v3/snapshot/options/{_part(provider_symbol)}/{_part(contract_ticker)}"
        return self.one(path, {}, decoding.decode_contract_snapshot)

    def indices_snapshot(self, tickers: Sequence[str]) -> Pages[IndexRow]:
        """Return index values of `I:…` tickers. A ticker that is unknown or not in the plan has `error` set."""
        return self._by_ticker("/v3/snapshot/indices", tickers, decoding.decode_index_page)

    def universal_snapshot(self, tickers: Sequence[str]) -> Pages[UniversalRow]:
        """Return the snapshots of tickers of any asset class, 250 per request.

        This is the cheapest way to refresh a few contracts.
        """
        return self._by_ticker("/v3/snapshot", tickers, decoding.decode_universal_page)

    # -- contracts ---------------------------------------------------------------------------------------
    def contracts(
        self,
        underlying_ticker: str,
        as_of: Day | None = None,
        expired: bool = False,
        **filters: Unpack[ContractFilters],
    ) -> Pages[Contract]:
        """Return the contracts listed on `as_of`. `expired=True` returns only expired contracts."""
        params = {
            "underlying_ticker": bare(underlying_ticker),
            "expired": "true" if expired else "false",
            "limit": str(_REFERENCE_PAGE),
            **contract_params(filters),
        }
        if as_of is not None:
            params["as_of"] = str(as_of)
        return self._walk("/v3/reference/options/contracts", params, decoding.decode_contract_page, Pages())

    def listed_contract(self, contract_ticker: str, as_of: Day | None = None) -> Contract:
        """Return the terms of one contract, listed or expired. Raises `NotFound` when it never existed."""
        params = {} if as_of is None else {"as_of": str(as_of)}
        path = f"/v3/reference/options/contracts/{_part(contract_ticker)}"
        return self.one(path, params, decoding.decode_contract)

    # -- corporate actions -------------------------------------------------------------------------------
    def dividends(self, ticker: str) -> Pages[Dividend]:
        """Return all cash dividends of a stock or ETF, past and declared ones, in the provider's order."""
        return self._actions("dividends", {"ticker": ticker}, decoding.decode_dividend_page)

    def splits(self, first: Day) -> Pages[Split]:
        """Return the splits of all stocks that are executed from `first` on, past and announced ones."""
        return self._actions("splits", {"execution_date.gte": str(first)}, decoding.decode_split_page)

    # -- bars --------------------------------------------------------------------------------------------
    def aggregates(
        self,
        ticker: str,
        multiplier: int,
        timespan: Timespan,
        first: Day | int,
        last: Day | int,
        adjusted: bool = False,
    ) -> Pages[Aggregate]:
        """Return the bars of `O:…`, `I:…` or a stock, oldest first. A window without trades has no bar.

        `first` and `last` are inclusive: dates or epoch milliseconds. With `adjusted`, splits until the day of the
        request are applied.
        """
        path = f"/v2/aggs/ticker/{_part(ticker)}/range/{multiplier}/{timespan}/{first}/{last}"
        params = {
            "adjusted": "true" if adjusted else "false",
            "sort": "asc",
            "limit": str(_HISTORY_PAGE),
        }
        return self._walk(path, params, decoding.decode_aggregate_page, Pages())

    def grouped_daily(self, date: Day, adjusted: bool = False) -> Pages[Aggregate]:
        """Return one daily bar per US stock; no bars for a date without a session. `adjusted` as in `aggregates`."""
        params = {"adjusted": "true" if adjusted else "false"}
        path = f"/v2/aggs/grouped/locale/us/market/stocks/{date}"
        return self._walk(path, params, decoding.decode_aggregate_page, Pages())

    def previous_close(self, ticker: str) -> Aggregate | None:
        """Return the last complete daily bar, or None. The bar of an illiquid contract can be days old."""
        bars = self._walk(
            f"/v2/aggs/ticker/{_part(ticker)}/prev", {}, decoding.decode_aggregate_page, Pages()
        )
        return bars.rows[-1] if bars.rows else None

    def open_close(self, ticker: str, date: Day) -> OpenClose:
        """Return the official prices of a date. Raises `NotFound` for a date without data."""
        return self.one(f"/v1/open-close/{_part(ticker)}/{date}", {}, decoding.decode_open_close)

    # -- trades and quotes -------------------------------------------------------------------------------
    def trades(self, contract_ticker: str, after_ns: int, before_ns: int) -> Pages[Trade]:
        """Return the trades with `after_ns` <= `sip_timestamp` <= `before_ns`, oldest first."""
        path = f"/v3/trades/{_part(contract_ticker)}"
        return self._walk(
            path,
            {**between(after_ns, before_ns), "limit": str(_HISTORY_PAGE)},
            decoding.decode_trade_page,
            Pages(),
        )

    def quotes(self, contract_ticker: str, after_ns: int, before_ns: int) -> Pages[Quote]:
        """Return the best bids and offers with `after_ns` <= `sip_timestamp` <= `before_ns`, oldest first."""
        path = f"/v3/quotes/{_part(contract_ticker)}"
        return self._walk(
            path,
            {**between(after_ns, before_ns), "limit": str(_HISTORY_PAGE)},
            decoding.decode_quote_page,
            Pages(),
        )

    def last_trade(self, ticker: str) -> LastTrade:
        """Return the newest trade. Raises `NotFound` when there is none."""
        return self.one(f"/v2/last/trade/{_part(ticker)}", {}, decoding.decode_last_trade)

    # -- the market --------------------------------------------------------------------------------------
    def market_status(self) -> MarketStatus:
        """Return which markets are open now, according to the provider."""
        return self.one("/v1/marketstatus/now", {}, decoding.decode_market_status)

    def upcoming(self) -> list[Holiday]:
        """Return coming holidays and early closes, one row per exchange and date."""
        return self.one("/v1/marketstatus/upcoming", {}, decoding.decode_holidays).rows

    def conditions(self, asset_class: str = "options") -> Pages[Condition]:
        """Return the trade and quote condition codes of an asset class."""
        params = {"asset_class": asset_class, "limit": str(_REFERENCE_PAGE)}
        return self._walk("/v3/reference/conditions", params, decoding.decode_condition_page, Pages())

    def exchanges(self, asset_class: str = "options") -> Pages[Exchange]:
        """Return the exchanges of an asset class."""
        params = {"asset_class": asset_class}
        return self._walk("/v3/reference/exchanges", params, decoding.decode_exchange_page, Pages())

    # -- requests ----------------------------------------------------------------------------------------
    def one(self, path: str, params: dict[str, str], decode: Callable[[bytes], Answer]) -> Answer:
        """Send one request and decode its response. Of a list only the first page is returned."""
        url = self._transport.url(path, params)
        return self._decoded(url, self._transport.get(url), decode)

    def _decoded(self, url: str, body: bytes, decode: Callable[[bytes], Answer]) -> Answer:
        try:
            return decode(body)
        except BadPage as error:
            raise BadPage(self._transport.sentence(url, f"sent a bad page: {error}")) from None

    def _walk(
        self,
        path: str,
        params: dict[str, str],
        decode: Callable[[bytes], Page[Row]],
        gathered: Pages[Row],
    ) -> Pages[Row]:
        url = self._transport.url(path, params)
        seen: set[str] = set()
        while True:
            seen.add(url)
            sent_at = time.perf_counter()
            body = self._transport.get(url)
            waited, fetched_at_ms = time.perf_counter() - sent_at, self._now_ms()
            page = self._decoded(url, body, decode)
            gathered.add(page, fetched_at_ms, waited)
            if page.next_url is None:
                return gathered
            next_url = self._transport.next_page_url(url, page.next_url)
            if next_url in seen or len(seen) >= _MOST_PAGES:
                raise RepeatedPage(self._transport.sentence(url, "sent page links that repeat or never end"))
            url = next_url

    def _actions(self, what: str, params: dict[str, str], decode: Callable[[bytes], Page[Row]]) -> Pages[Row]:
        """Return a list of corporate actions from its v3 path, or from the newer one where that is gone."""
        params = params | {"limit": str(_REFERENCE_PAGE)}
        try:
            return self._walk(f"/v3/reference/{what}", params, decode, Pages())
        except NotFound:
            return self._walk(f"/stocks/v1/{what}", params, decode, Pages())

    def _by_ticker(
        self, path: str, tickers: Sequence[str], decode: Callable[[bytes], Page[Row]]
    ) -> Pages[Row]:
        gathered: Pages[Row] = Pages()
        for start in range(0, len(tickers), _TICKERS_PER_CALL):
            tickers_of_request = ",".join(tickers[start : start + _TICKERS_PER_CALL])
            params = {"ticker.any_of": tickers_of_request, "limit": str(_SNAPSHOT_PAGE)}
            self._walk(path, params, decode, gathered)
        return gathered


def _part(text: str) -> str:
    return quote(text, safe=":")
