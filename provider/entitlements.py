"""What a key is entitled to, found out by asking each endpoint for a little.

Plans differ by endpoint (403) and by what a chain row holds: the provider leaves fields out without a word,
so the rows of a sample are looked at too. The sample is one page of contracts a week or more from expiry: the
first page of a whole chain is today's deep calls, which have no greeks on any plan.
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

Row = TypeVar("Row")

INDEX, STOCK = "I:SPX", "SPY"
_FEW = {"limit": "10"}


class Status(StrEnum):
    YES = "yes"
    NOT_IN_PLAN = "not in the plan"
    NO_DATA = "no data"
    FAILED = "failed"


class Finding(NamedTuple):
    """One line of the report; `detail` says what came, or why nothing did."""

    what: str
    status: Status
    detail: str


class Field(NamedTuple):
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


def findings(client: MassiveClient) -> Iterator[Finding]:
    """The report, line by line as it is found out.

    Raises `Unauthorized` and `ConnectionFailed`, after which no further line could say anything else.
    """
    today: list[datetime.date] = []
    yield _found("market status", partial(_market_status, client, today))
    rows: list[ChainRow] = []
    for symbol in (STOCK, INDEX):
        sample: list[ChainRow] = []
        yield _found(chain_line(symbol), partial(_chain, client, symbol, today, sample))
        yield from _fields(symbol, sample)
        rows += sample
    for what, ask in _others(client, _busiest(rows), today):
        yield _found(what, ask)


def chain_line(symbol: str) -> str:
    return f"chain {symbol}"


def chains_work(report: Sequence[Finding]) -> bool:
    """Whether any chain was served: without one there is nothing to ingest."""
    lines = {chain_line(STOCK), chain_line(INDEX)}
    return any(line.what in lines and line.status is Status.YES for line in report)


Outcome = tuple[Status, str]


def _found(what: str, ask: Callable[[], Outcome]) -> Finding:
    try:
        return Finding(what, *ask())
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


def _market_status(client: MassiveClient, today: list[datetime.date]) -> Outcome:
    status = client.market_status()
    if status.server_time is not None:
        today.append(status.server_time.date())  # sent with New York's offset: the exchange's own day
    return Status.YES, f"the market is {status.market}"


def _chain(client: MassiveClient, symbol: str, today: list[datetime.date], kept: list[ChainRow]) -> Outcome:
    params = {"limit": "250"}
    if today:
        params["expiration_date.gte"] = str(today[0] + datetime.timedelta(days=7))
    page = client.one(f"/v3/snapshot/options/{symbol}", params, decoding.decode_chain_page)
    kept += page.rows
    status, detail = _counted(len(page.rows))
    misfits = page.rejected.total()
    return status, f"{detail}, {misfits} unreadable" if misfits else detail


def _fields(symbol: str, sample: list[ChainRow]) -> Iterator[Finding]:
    for what, present in _FIELDS if sample else ():
        number = sum(map(present, sample))
        status = Status.YES if number else Status.NOT_IN_PLAN
        yield Finding(f"  {symbol} {what}", status, f"in {number} of {len(sample)} contracts")


def _busiest(rows: list[ChainRow]) -> str | None:
    """The ticker with the most volume: the likeliest to have trades, bars and quotes."""
    busiest = max(rows, key=lambda row: (row.day and row.day.volume) or 0.0, default=None)
    return None if busiest is None else busiest.details.ticker


def _others(
    client: MassiveClient, contract: str | None, today: list[datetime.date]
) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    bars = decoding.decode_aggregate_page
    options = {"asset_class": "options"}
    listing = "/v3/reference/options/contracts"
    asked = {"underlying_ticker": STOCK, **_FEW}
    yield "contract list", partial(_sample, client, listing, asked, decoding.decode_contract_page)
    if contract is not None:
        yield "option bars", partial(_sample, client, f"/v2/aggs/ticker/{contract}/prev", {}, bars)
        yield (
            "option trades",
            partial(_sample, client, f"/v3/trades/{contract}", _FEW, decoding.decode_trade_page),
        )
        yield (
            "option quotes",
            partial(_sample, client, f"/v3/quotes/{contract}", _FEW, decoding.decode_quote_page),
        )
        yield "universal snapshot", partial(_row_of, client, "/v3/snapshot", contract)
    yield "stock bars", partial(_sample, client, f"/v2/aggs/ticker/{STOCK}/prev", {}, bars)
    yield "index bars", partial(_sample, client, f"/v2/aggs/ticker/{INDEX}/prev", {}, bars)
    yield "index snapshot", partial(_row_of, client, "/v3/snapshot/indices", INDEX)
    if today:
        grouped = f"/v2/aggs/grouped/locale/us/market/stocks/{_weekday_before(today[0])}"
        yield "grouped daily bars", partial(_sample, client, grouped, {}, bars)
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


def _row_of(client: MassiveClient, path: str, ticker: str) -> Outcome:
    """Snapshots of many tickers answer 200 whatever the plan; the refusal stands in the ticker's row."""
    page = client.one(path, {"ticker.any_of": ticker, **_FEW}, decoding.decode_universal_page)
    if not page.rows:
        return Status.NO_DATA, f"no row for {ticker}"
    row = page.rows[0]
    if row.error is None:
        return Status.YES, f"a row for {ticker}"
    refused = Status.NOT_IN_PLAN if row.error == "NOT_ENTITLED" else Status.NO_DATA
    return refused, row.message or row.error


def _weekday_before(day: datetime.date) -> datetime.date:
    return day - datetime.timedelta(days={0: 3, 6: 2}.get(day.weekday(), 1))
