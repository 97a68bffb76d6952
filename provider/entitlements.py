"""Report of the data that a provider key is entitled to, found by one small request per endpoint.

Plans differ by endpoint (HTTP 403) and by the fields of a chain row: the provider omits fields without an error, so
the rows of a sample are inspected too. The sample is one page of contracts that expire in a week or more: the
first page of a whole chain holds deep in-the-money calls that expire today, which have no greeks on any plan.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import NamedTuple, TypeVar

from provider import decoding
from provider.client import MassiveClient
from provider.decoding import Page
from provider.errors import ConnectionFailed, NotEntitled, NotFound, ProviderError, Unauthorized
from provider.records import ChainRow
from quant import sessions

Row = TypeVar("Row")

INDEX, STOCK = "I:SPX", "SPY"
_SMALL_PAGE = {"limit": "10"}
_BARS_DUE = datetime.timedelta(minutes=20)  # after the open, on a plan with a delay of 15 minutes


class Status(StrEnum):
    """Result of one check."""

    YES = "yes"
    NOT_IN_PLAN = "not in the plan"
    NO_DATA = "no data"
    FAILED = "failed"


class Finding(NamedTuple):
    """One line of the report. `detail` describes the response or the reason for its absence."""

    what: str
    status: Status
    detail: str


class Field(NamedTuple):
    """A field of a chain row whose presence depends on the plan."""

    what: str
    present: Callable[[ChainRow], bool]


_FIELDS = (
    Field(
        "underlying price",
        lambda row: row.underlying_asset is not None and row.underlying_asset.spot is not None,
    ),
    Field("greeks", lambda row: row.greeks is not None and row.greeks.gamma is not None),
    Field("implied volatility", lambda row: row.implied_volatility is not None),
    Field("open interest", lambda row: row.open_interest is not None),
    Field("last quote", lambda row: row.last_quote is not None),
    Field("last trade", lambda row: row.last_trade is not None),
)


# What the warehouse does without a line of the report.
_WITHOUT = {
    "last quote": "Without quotes (plan Options Advanced) there are no forwards, rates and volatilities of our own;"
    " the provider's greeks are stored, and what it does not send is NULL with iv_status no_quote.",
    "dividends": "Without dividends, what the forwards of a stock imply counts as borrow yield.",
    "live stock bars": "Without live stock bars (plan {stocks}) detectors of stocks and ETFs have no data, and those of"
    " indices no volume; bars are stored after the close, as far as the plan has them.",
    "live index bars": "Without live index bars (plan {indices}) detectors of indices have no data; bars are stored"
    " after the close, as far as the plan has them.",
    "splits": "Without splits, bars before a split are read unadjusted.",
}


def findings(client: MassiveClient) -> Iterator[Finding]:
    """Yield the lines of the report as the checks complete.

    Raises `Unauthorized` and `ConnectionFailed`, because every further request would fail in the same way.
    """
    now: list[datetime.datetime] = []  # the provider's time, with New York's offset
    yield _checked("market status", partial(_market_status, client, now))
    rows: list[ChainRow] = []
    for symbol in (STOCK, INDEX):
        sample: list[ChainRow] = []
        yield _checked(chain_line(symbol), partial(_chain, client, symbol, now, sample))
        yield from _fields(symbol, sample)
        rows += sample
    for what, check in _others(client, _busiest(rows), now):
        yield _checked(what, check)


def chain_line(symbol: str) -> str:
    """Return the name of the report line of a symbol's chain."""
    return f"chain {symbol}"


def consequences(report: Sequence[Finding]) -> list[str]:
    """Return one sentence for each part of the data that is not in the plan and that numbers depend on."""
    absent = {line.what for line in report if line.status is Status.NOT_IN_PLAN}
    plans = {"stocks": live_bars_plan(STOCK), "indices": live_bars_plan(INDEX)}
    return [
        text.format_map(plans)
        for what, text in _WITHOUT.items()
        if any(line.endswith(what) for line in absent)
    ]


def live_bars_plan(ticker: str) -> str:
    """Return the name of the plan that has bars of the running session of an index, a stock or an ETF."""
    group = "Indices" if ticker.startswith("I:") else "Stocks"
    return f"{group} Advanced, or {group} Starter with a delay of 15 minutes"


def chains_work(report: Sequence[Finding]) -> bool:
    """Return whether any chain was served. Without a chain nothing can be ingested."""
    lines = {chain_line(STOCK), chain_line(INDEX)}
    return any(line.what in lines and line.status is Status.YES for line in report)


Outcome = tuple[Status, str]


def _checked(what: str, check: Callable[[], Outcome]) -> Finding:
    try:
        return Finding(what, *check())
    except (Unauthorized, ConnectionFailed):
        raise
    except NotEntitled as error:
        return Finding(what, Status.NOT_IN_PLAN, str(error))
    except NotFound as error:
        return Finding(what, Status.NO_DATA, str(error))
    except ProviderError as error:
        return Finding(what, Status.FAILED, str(error))


def _counted(number: int) -> Outcome:
    return (Status.YES if number else Status.NO_DATA), f"{number} row{'' if number == 1 else 's'} on one page"


def _market_status(client: MassiveClient, now: list[datetime.datetime]) -> Outcome:
    status = client.market_status()
    if status.server_time is not None:
        now.append(status.server_time)
    return Status.YES, f"the market is {status.market}"


def _chain(client: MassiveClient, symbol: str, now: list[datetime.datetime], kept: list[ChainRow]) -> Outcome:
    params = {"limit": "250"}
    if now:
        params["expiration_date.gte"] = str(now[0].date() + datetime.timedelta(days=7))
    page = client.one(f"/v3/snapshot/options/{symbol}", params, decoding.decode_chain_page)
    kept += page.rows
    status, detail = _counted(len(page.rows))
    unreadable = page.rejected.total()
    return status, f"{detail}, {unreadable} unreadable" if unreadable else detail


def _fields(symbol: str, sample: list[ChainRow]) -> Iterator[Finding]:
    for what, present in _FIELDS if sample else ():
        number = sum(map(present, sample))
        status = Status.YES if number else Status.NOT_IN_PLAN
        yield Finding(f"  {symbol} {what}", status, f"in {number} of {len(sample)} contracts")


def _busiest(rows: list[ChainRow]) -> str | None:
    """Return the ticker with the highest volume, which most likely has trades, bars and quotes."""
    busiest = max(rows, key=lambda row: (row.day and row.day.volume) or 0.0, default=None)
    return None if busiest is None else busiest.details.ticker


def _others(
    client: MassiveClient, contract: str | None, now: list[datetime.datetime]
) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    bars = decoding.decode_aggregate_page
    options = {"asset_class": "options"}
    listing = "/v3/reference/options/contracts"
    params = {"underlying_ticker": STOCK, **_SMALL_PAGE}
    yield "contract list", partial(_sample, client, listing, params, decoding.decode_contract_page)
    if contract is not None:
        yield "option bars", partial(_sample, client, f"/v2/aggs/ticker/{contract}/prev", {}, bars)
        yield (
            "option trades",
            partial(_sample, client, f"/v3/trades/{contract}", _SMALL_PAGE, decoding.decode_trade_page),
        )
        yield (
            "option quotes",
            partial(_sample, client, f"/v3/quotes/{contract}", _SMALL_PAGE, decoding.decode_quote_page),
        )
        yield "universal snapshot", partial(_row_of, client, "/v3/snapshot", contract)
    yield "stock bars", partial(_sample, client, f"/v2/aggs/ticker/{STOCK}/prev", {}, bars)
    yield "index bars", partial(_sample, client, f"/v2/aggs/ticker/{INDEX}/prev", {}, bars)
    yield "index snapshot", partial(_row_of, client, "/v3/snapshot/indices", INDEX)
    if now:
        for what, ticker in (("live stock bars", STOCK), ("live index bars", INDEX)):
            yield what, partial(_live_bars, client, ticker, now[0])
        grouped = f"/v2/aggs/grouped/locale/us/market/stocks/{_weekday_before(now[0].date())}"
        yield "grouped daily bars", partial(_sample, client, grouped, {}, bars)
    dividends = {"ticker": STOCK, **_SMALL_PAGE}
    yield (
        "dividends",
        partial(_sample, client, "/v3/reference/dividends", dividends, decoding.decode_dividend_page),
    )
    yield "splits", partial(_sample, client, "/v3/reference/splits", _SMALL_PAGE, decoding.decode_split_page)
    yield (
        "conditions",
        partial(_sample, client, "/v3/reference/conditions", options, decoding.decode_condition_page),
    )
    yield (
        "exchanges",
        partial(_sample, client, "/v3/reference/exchanges", options, decoding.decode_exchange_page),
    )


def _sample(
    client: MassiveClient, path: str, params: dict[str, str], decode: Callable[[bytes], Page[Row]]
) -> Outcome:
    return _counted(len(client.one(path, params, decode).rows))


def _live_bars(client: MassiveClient, ticker: str, now: datetime.datetime) -> Outcome:
    """Check the minute bars of today, which a plan with past days only refuses or leaves out."""
    path = f"/v2/aggs/ticker/{ticker}/range/1/minute/{now.date()}/{now.date()}"
    page = client.one(path, _SMALL_PAGE, decoding.decode_aggregate_page)
    if page.rows:
        return Status.YES, f"minute bars of today{', 15 minutes late' if page.delayed else ''}"
    day = sessions.sessions(now.date(), now.date())
    is_due = bool(day) and now >= sessions.open_of(day[0]) + _BARS_DUE
    return (Status.NOT_IN_PLAN if is_due else Status.NO_DATA), "no minute bar of today"


def _row_of(client: MassiveClient, path: str, ticker: str) -> Outcome:
    """Check a snapshot of one ticker. Such snapshots return 200 on every plan; the row holds the refusal."""
    page = client.one(path, {"ticker.any_of": ticker, **_SMALL_PAGE}, decoding.decode_universal_page)
    if not page.rows:
        return Status.NO_DATA, f"no row for {ticker}"
    row = page.rows[0]
    if row.error is None:
        return Status.YES, f"a row for {ticker}"
    refused = Status.NOT_IN_PLAN if row.error == "NOT_ENTITLED" else Status.NO_DATA
    return refused, row.message or row.error


def _weekday_before(day: datetime.date) -> datetime.date:
    return day - datetime.timedelta(days={0: 3, 6: 2}.get(day.weekday(), 1))
