"""Dividends and splits: filters, order, pages, what is declared at the clock, and adjusted bars."""

from __future__ import annotations

import datetime as dt

import pytest
from massive import RESTClient

from simulator.rest.plans import plan
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, Server, offset_ms

DIVIDENDS, SPLITS = "/v3/reference/dividends", "/v3/reference/splits"
# AMD is split 3 for 2 on this Monday; the session before it is a Friday.
EXECUTION, FRIDAY = "2025-11-17", "2025-11-14"


def _at(instant: str) -> InProcess:
    when = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
    return InProcess(World(SEED, plan("advanced"), offset_ms(when)))


def test_a_dividend_has_the_fields_of_the_provider(massive: RESTClient) -> None:
    found = list(massive.list_dividends("SPY", ex_dividend_date="2026-03-20"))

    assert len(found) == 1
    row = found[0]
    assert (row.ticker, row.currency, row.dividend_type, row.frequency) == ("SPY", "USD", "CD", 4)
    assert (row.declaration_date, row.record_date, row.pay_date) == ("2026-02-20", "2026-03-20", "2026-04-29")
    # A quarter of 1.25 % of the long-run level of 650, at most 4 % more or less, in tenths of a cent.
    assert row.cash_amount == pytest.approx(0.0125 * 650 / 4, rel=0.04)
    assert round(row.cash_amount, 3) == row.cash_amount


def test_funds_go_ex_on_third_fridays_or_the_session_before(massive: RESTClient) -> None:
    found = massive.list_dividends(
        "QQQ", ex_dividend_date_gte="2025-01-01", ex_dividend_date_lt="2026-01-01", order="asc"
    )

    assert [row.ex_dividend_date for row in found] == ["2025-03-21", "2025-06-20", "2025-09-19", "2025-12-19"]


def test_a_dividend_is_served_from_its_declaration_on() -> None:
    query = f"{DIVIDENDS}?ticker=SPY&limit=1"

    def newest(instant: str) -> str:
        return str(_at(instant).get(query).json()["results"][0]["ex_dividend_date"])

    assert newest("2026-02-19T20:00") == "2025-12-19"
    assert newest("2026-02-20T15:00") == "2026-03-20"


def test_companies_without_dividends_have_no_rows(server: Server) -> None:
    payers = {row["ticker"] for row in server.walk(DIVIDENDS, limit=1000)}

    assert payers == {"AAPL", "GOOGL", "IWM", "META", "NVDA", "QQQ", "SPY"}


def test_tickers_are_filtered_by_range_and_sorted(server: Server) -> None:
    bounds = {"ticker.gte": "META", "ticker.lt": "QQQ", "ex_dividend_date.gte": "2026-01-01"}
    rows = server.get(DIVIDENDS, **bounds, sort="ticker", order="asc").json()["results"]

    assert [row["ticker"] for row in rows] == ["META", "NVDA"]


def test_pages_join_to_the_whole_list_newest_first(server: Server) -> None:
    whole = server.get(DIVIDENDS, ticker="IWM", limit=1000).json()["results"]
    paged = server.walk(DIVIDENDS, ticker="IWM", limit=7)

    assert paged == whole
    dates = [row["ex_dividend_date"] for row in whole]
    assert dates == sorted(dates, reverse=True)
    assert (dates[0], dates[-1]) == ("2026-03-20", "2012-03-16")


@pytest.mark.parametrize("query", ["limit=1001", "ex_dividend_date=soon", "sort=size", "order=up"])
def test_an_invalid_parameter_of_dividends_is_rejected(server: Server, query: str) -> None:
    assert server.get(f"{DIVIDENDS}?{query}").status_code == 400


@pytest.mark.parametrize("query", ["reverse_split=maybe", "execution_date.gte=x", "limit=0"])
def test_an_invalid_parameter_of_splits_is_rejected(server: Server, query: str) -> None:
    assert server.get(f"{SPLITS}?{query}").status_code == 400


def test_splits_of_odd_years_are_listed_twice(massive: RESTClient) -> None:
    found = list(massive.list_splits("AMD", execution_date_gte="2024-01-01", order="asc"))

    assert [(row.execution_date, row.split_from, row.split_to) for row in found] == [
        ("2024-01-16", 2, 3),
        ("2024-12-16", 2, 3),
        (EXECUTION, 2, 3),
        (EXECUTION, 2, 3),
    ]
    assert found[-1].id != found[-2].id


def test_a_split_is_served_two_weeks_before_its_execution() -> None:
    query = f"{SPLITS}?execution_date.gte=2026-01-01&reverse_split=false"

    assert _at("2026-10-04T15:00").get(query).json()["results"] == []
    assert [row["ticker"] for row in _at("2026-10-05T15:00").get(query).json()["results"]] == ["AMD"]


@pytest.mark.parametrize("day", range(0, 2000, 61))
def test_a_split_lies_inside_the_year_before_any_date(day: int) -> None:
    today = dt.date(2024, 1, 1) + dt.timedelta(days=day)
    since = (today - dt.timedelta(days=365)).isoformat()
    rows = (
        _at(f"{today}T15:00")
        .get(f"{SPLITS}?execution_date.gte={since}&execution_date.lte={today}")
        .json()["results"]
    )

    assert {row["ticker"] for row in rows} == {"AMD"}


def _bars(
    server: Server | InProcess, adjusted: str, window: str = "1/day", ticker: str = "AMD"
) -> list[dict]:
    path = f"/v2/aggs/ticker/{ticker}/range/{window}/{FRIDAY}/{EXECUTION}?adjusted={adjusted}"
    answer = server.get(path).json()
    assert answer["adjusted"] == (adjusted == "true")
    return list(answer["results"])


def test_unadjusted_bars_fall_by_the_factor_of_a_split(server: Server) -> None:
    before, after = _bars(server, "false")

    assert before["c"] / after["o"] == pytest.approx(1.5, rel=0.03)
    adjusted = _bars(server, "true")
    assert adjusted[1] == after
    assert adjusted[0]["c"] == pytest.approx(before["c"] / 1.5, abs=1e-4)
    assert adjusted[0]["v"] == pytest.approx(before["v"] * 1.5, abs=1)
    assert adjusted[0]["vw"] == pytest.approx(before["vw"] / 1.5, abs=2e-4)


def test_a_later_split_changes_the_adjusted_bars_of_the_past() -> None:
    now, later = _at("2026-03-12T15:30"), _at("2026-10-20T15:30")

    assert _bars(later, "false") == _bars(now, "false")
    for bar, earlier in zip(_bars(later, "true"), _bars(now, "true"), strict=True):
        assert bar["c"] == pytest.approx(earlier["c"] / 1.5, abs=1e-4)


def test_single_sessions_and_all_stocks_are_adjusted_too(server: Server) -> None:
    raw, adjusted = (_bars(server, flag)[0] for flag in ("false", "true"))
    path = f"/v2/aggs/grouped/locale/us/market/stocks/{FRIDAY}"
    for flag, bar in (("false", raw), ("true", adjusted)):
        grouped = server.get(path, adjusted=flag).json()["results"]
        assert next(row["c"] for row in grouped if row["T"] == "AMD") == bar["c"]
        assert server.get(f"/v1/open-close/AMD/{FRIDAY}", adjusted=flag).json()["close"] == bar["c"]


def test_other_symbols_are_not_changed_by_the_parameter(server: Server) -> None:
    assert _bars(server, "true", ticker="SPY") == _bars(server, "false", ticker="SPY")
    contract = "O:AMD251121C00270000"
    assert _bars(server, "true", ticker=contract) == _bars(server, "false", ticker=contract)
