"""The REST client. Every list is walked to its seen end: what a method returns is whole, or it raises.

Errors are those of `provider.errors`. Rows that do not fit their type are left out and counted in `rejected`.
Dates are the exchange's (New York); instants are epoch nanoseconds or milliseconds, as the names say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal, Self, TypeVar, Unpack
from urllib.parse import quote

from provider import decoding
from provider.decoding import Page
from provider.errors import BadPage, RepeatedPage
from provider.filters import ContractFilters, Day, between, contract_params
from provider.pagination import ChainPages, Pages
from provider.rate_limit import Limiter
from provider.records import Aggregate, ChainRow, IndexRow, LastTrade, Quote, Trade, UniversalRow
from provider.reference import Condition, Contract, Exchange, Holiday, MarketStatus
from provider.retry import Clock, RetryPolicy
from provider.symbols import bare
from provider.transport import Traffic, Transport

Row = TypeVar("Row")
Answer = TypeVar("Answer")
Timespan = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]

_SNAPSHOT_PAGE = 250  # the largest page of each endpoint
_REFERENCE_PAGE = 1000
_HISTORY_PAGE = 50_000
_TICKERS_PER_CALL = 250
_MOST_PAGES = 5000  # the whole of SPX is about 120


class MassiveClient:
    """One connection to Massive. Use it as a context manager, within one thread and one process.

    `limiter` is asked before every request (`provider.rate_limit.limiter_for`). `timeout_seconds` is the wait
    for a connection and for each piece of an answer. `now_ms` stamps the pages: the warehouse's clock.
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
        self._transport.close()

    @property
    def traffic(self) -> Traffic:
        """What this client has sent so far, and what failed of it."""
        return self._transport.traffic

    # -- snapshots ---------------------------------------------------------------------------------------
    def chain(self, provider_symbol: str, **filters: Unpack[ContractFilters]) -> ChainPages:
        """The chain as it stands now: `I:SPX` or `SPY`. There is no way to ask for a past one."""
        chain = ChainPages()
        params = {"limit": str(_SNAPSHOT_PAGE), **contract_params(filters)}
        self._walk(
            f"/v3/snapshot/options/{_part(provider_symbol)}", params, decoding.decode_chain_page, chain
        )
        chain.drop_repeated()
        return chain

    def contract(self, provider_symbol: str, contract_ticker: str) -> ChainRow:
        """One contract of a chain. `NotFound` when it is unknown or expired."""
        path = f"/v3/snapshot/options/{_part(provider_symbol)}/{_part(contract_ticker)}"
        return self.one(path, {}, decoding.decode_contract_snapshot)

    def indices_snapshot(self, tickers: Sequence[str]) -> Pages[IndexRow]:
        """Index values for `I:…` tickers; one unknown or not in the plan comes as a row with `error`."""
        return self._by_ticker("/v3/snapshot/indices", tickers, decoding.decode_index_page)

    def universal_snapshot(self, tickers: Sequence[str]) -> Pages[UniversalRow]:
        """Chosen tickers of any class, 250 a request: the cheap way to refresh a few contracts."""
        return self._by_ticker("/v3/snapshot", tickers, decoding.decode_universal_page)

    # -- contracts ---------------------------------------------------------------------------------------
    def contracts(
        self,
        underlying_ticker: str,
        as_of: Day | None = None,
        expired: bool = False,
        **filters: Unpack[ContractFilters],
    ) -> Pages[Contract]:
        """Listed contracts, as they stood on `as_of`. `expired=True` gives the expired ones *instead*."""
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
        """One contract's terms, living or expired. `NotFound` when there never was one."""
        params = {} if as_of is None else {"as_of": str(as_of)}
        path = f"/v3/reference/options/contracts/{_part(contract_ticker)}"
        return self.one(path, params, decoding.decode_contract)

    # -- bars --------------------------------------------------------------------------------------------
    def aggregates(
        self,
        ticker: str,
        multiplier: int,
        timespan: Timespan,
        first: Day | int,
        last: Day | int,
        adjusted: bool = True,
    ) -> Pages[Aggregate]:
        """Bars of `O:…`, `I:…` or a stock, oldest first; a window without trades has none.

        `first` and `last` are inclusive: dates or epoch milliseconds.
        """
        path = f"/v2/aggs/ticker/{_part(ticker)}/range/{multiplier}/{timespan}/{first}/{last}"
        params = {
            "adjusted": "true" if adjusted else "false",
            "sort": "asc",
            "limit": str(_HISTORY_PAGE),
        }
        return self._walk(path, params, decoding.decode_aggregate_page, Pages())

    def grouped_daily(self, date: Day, adjusted: bool = True) -> Pages[Aggregate]:
        """One daily bar per US stock; none on a day without a session."""
        params = {"adjusted": "true" if adjusted else "false"}
        path = f"/v2/aggs/grouped/locale/us/market/stocks/{date}"
        return self._walk(path, params, decoding.decode_aggregate_page, Pages())

    def previous_close(self, ticker: str) -> Aggregate | None:
        """The last complete daily bar, which for an illiquid contract is days old; None without any."""
        found = self._walk(
            f"/v2/aggs/ticker/{_part(ticker)}/prev", {}, decoding.decode_aggregate_page, Pages()
        )
        return found.rows[-1] if found.rows else None

    # -- trades and quotes -------------------------------------------------------------------------------
    def trades(self, contract_ticker: str, after_ns: int, before_ns: int) -> Pages[Trade]:
        """Trades with `after_ns` <= `sip_timestamp` <= `before_ns`, oldest first."""
        path = f"/v3/trades/{_part(contract_ticker)}"
        return self._walk(
            path,
            {**between(after_ns, before_ns), "limit": str(_HISTORY_PAGE)},
            decoding.decode_trade_page,
            Pages(),
        )

    def quotes(self, contract_ticker: str, after_ns: int, before_ns: int) -> Pages[Quote]:
        """Best bids and offers of the same range, oldest first."""
        path = f"/v3/quotes/{_part(contract_ticker)}"
        return self._walk(
            path,
            {**between(after_ns, before_ns), "limit": str(_HISTORY_PAGE)},
            decoding.decode_quote_page,
            Pages(),
        )

    def last_trade(self, ticker: str) -> LastTrade:
        """The newest trade. `NotFound` when there is none."""
        return self.one(f"/v2/last/trade/{_part(ticker)}", {}, decoding.decode_last_trade)

    # -- the market --------------------------------------------------------------------------------------
    def market_status(self) -> MarketStatus:
        """What is open now, by the provider's clock."""
        return self.one("/v1/marketstatus/now", {}, decoding.decode_market_status)

    def upcoming(self) -> list[Holiday]:
        """Coming holidays and early closes, one row per exchange and date."""
        return self.one("/v1/marketstatus/upcoming", {}, decoding.decode_holidays).rows

    def conditions(self, asset_class: str = "options") -> Pages[Condition]:
        params = {"asset_class": asset_class, "limit": str(_REFERENCE_PAGE)}
        return self._walk("/v3/reference/conditions", params, decoding.decode_condition_page, Pages())

    def exchanges(self, asset_class: str = "options") -> Pages[Exchange]:
        params = {"asset_class": asset_class}
        return self._walk("/v3/reference/exchanges", params, decoding.decode_exchange_page, Pages())

    # -- how -----------------------------------------------------------------------------------------------
    def one(self, path: str, params: dict[str, str], decode: Callable[[bytes], Answer]) -> Answer:
        """One answer, decoded; of a list only the first page, which is a sample and never the whole."""
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
            asked = time.perf_counter()
            body = self._transport.get(url)
            waited, fetched_at_ms = time.perf_counter() - asked, self._now_ms()
            page = self._decoded(url, body, decode)
            gathered.add(page, fetched_at_ms, waited)
            if page.next_url is None:
                return gathered
            following = self._transport.following(url, page.next_url)
            if following in seen or len(seen) >= _MOST_PAGES:
                raise RepeatedPage(self._transport.sentence(url, "links to pages without end"))
            url = following

    def _by_ticker(
        self, path: str, tickers: Sequence[str], decode: Callable[[bytes], Page[Row]]
    ) -> Pages[Row]:
        gathered: Pages[Row] = Pages()
        for start in range(0, len(tickers), _TICKERS_PER_CALL):
            some = ",".join(tickers[start : start + _TICKERS_PER_CALL])
            self._walk(path, {"ticker.any_of": some, "limit": str(_SNAPSHOT_PAGE)}, decode, gathered)
        return gathered


def _part(text: str) -> str:
    return quote(text, safe=":")
