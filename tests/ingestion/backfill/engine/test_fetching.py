"""The handlers that fetch return what they stored, and what the provider did not send."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ingestion.backfill.engine.fetching import FETCH_HANDLERS, run_fetch, shared_commit_handlers
from ingestion.backfill.engine.jobs import JobStatus, Outcome, RunKey, Stage
from ingestion.bars.bar_times import close_ms, midnight_ms
from provider.errors import NotEntitled, NotFound, TimedOut
from quant.sessions import close_of, previous_session
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.models import HistoricalBar, IngestionRun

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
TICKER = "O:SPXW261218C06500000"
RUN = RunKey("bars_5m", TICKER, close_ms(SESSION))
DAY = SESSION.isoformat()
NOT_YET = "The provider does not have all data of these sessions yet."


@pytest.fixture
def evening(spx, at_market_time) -> None:
    at_market_time(close_of(SESSION) + timedelta(hours=1))


def fetch(handler: Any, connect: Any, *arguments: Any) -> Outcome:
    """Run a handler and wait for its commit."""
    result = run_fetch(handler, RUN, arguments, connect, clock.now_ms())
    return result if isinstance(result, Outcome) else result.result(10)


def bars(*starts_ms: int) -> dict[str, Any]:
    rows = [{"t": at_ms, "o": 9, "h": 9, "l": 9, "c": 9, "v": 5} for at_ms in starts_ms]
    return {"status": "OK", "request_id": "0" * 32, "ticker": TICKER, "results": rows}


def tell_bars(provider: Any, body: dict[str, Any]) -> None:
    provider.tell(f"/v2/aggs/ticker/{TICKER}/range/5/minute/{DAY}/{DAY}", ok(body))


def test_bars_of_a_contract_are_counted_with_those_left_out(evening, provider, connect):
    closes_ms = close_ms(SESSION)
    tell_bars(provider, bars(closes_ms - 600_000, closes_ms - 300_000, closes_ms))
    with shared_commit_handlers({}) as handlers:
        outcome = fetch(handlers[Stage.CONTRACTS], connect, TICKER, DAY, DAY)
    assert outcome == Outcome(JobStatus.DONE, 2, {"outside_session": 1})
    assert HistoricalBar.objects.filter(symbol=TICKER).count() == 2


def test_a_worker_gets_the_same_outcome_and_then_fetches_nothing(evening, provider, connect):
    closes_ms = close_ms(SESSION)
    tell_bars(provider, bars(closes_ms - 600_000, closes_ms - 300_000, closes_ms))
    handler = FETCH_HANDLERS[Stage.CONTRACTS]
    assert fetch(handler, connect, TICKER, DAY, DAY) == Outcome(JobStatus.DONE, 2, {"outside_session": 1})
    assert fetch(handler, connect, TICKER, DAY, DAY) == Outcome(JobStatus.DONE)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("shared", [True, False], ids=["shared commit", "own commit"])
def test_bars_that_the_provider_does_not_have_yet_fail_the_job(
    evening, provider, connect, at_market_time, shared
):
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    delayed = bars(close_ms(SESSION) - 3_600_000) | {"status": "DELAYED"}  # the last ten minutes are missing
    tell_bars(provider, delayed)
    with shared_commit_handlers({}) as handlers:
        handler = (handlers if shared else FETCH_HANDLERS)[Stage.CONTRACTS]
        outcome = fetch(handler, connect, TICKER, DAY, DAY)
    assert outcome == Outcome(JobStatus.FAILED, 1, {}, NOT_YET)


def test_days_of_stocks_are_fetched_once_and_counted(evening, provider, connect):
    days = [previous_session(SESSION), SESSION]
    for day in days:
        row = {"T": "A", "t": midnight_ms(day), "o": 9, "h": 9, "l": 9, "c": 9, "v": 1e6}
        answer = ok({"status": "OK", "request_id": "0" * 32, "results": [row]})
        provider.tell(f"/v2/aggs/grouped/locale/us/market/stocks/{day}", answer)
    with shared_commit_handlers({}) as handlers:
        shared = fetch(handlers[Stage.STOCKS], connect, days[0].isoformat())
    alone = [fetch(FETCH_HANDLERS[Stage.STOCKS], connect, day.isoformat()) for day in days]
    assert [shared, *alone] == [Outcome(JobStatus.DONE, rows) for rows in (1, 0, 1)]
    assert len(provider.requests) == 2  # a stored day is not fetched again
    assert HistoricalBar.objects.filter(symbol="A", timeframe="1d").count() == 2


def test_a_day_of_stocks_without_bars_yet_fails_the_job(evening, provider, connect):
    answer = ok({"status": "OK", "request_id": "0" * 32, "results": []})
    provider.tell(f"/v2/aggs/grouped/locale/us/market/stocks/{DAY}", answer)
    with shared_commit_handlers({}) as handlers:
        assert fetch(handlers[Stage.STOCKS], connect, DAY) == Outcome(JobStatus.FAILED, detail=NOT_YET)
    assert fetch(FETCH_HANDLERS[Stage.STOCKS], connect, DAY) == Outcome(JobStatus.FAILED, detail=NOT_YET)


def test_bars_of_an_underlying_are_counted(evening, provider, connect):
    rows = [{"t": midnight_ms(SESSION), "o": 9, "h": 9, "l": 9, "c": 9}]
    answer = ok({"status": "OK", "request_id": "0" * 32, "ticker": "I:SPX", "results": rows})
    provider.tell(f"/v2/aggs/ticker/I:SPX/range/1/day/{DAY}/{DAY}", answer)
    outcome = fetch(FETCH_HANDLERS[Stage.BARS], connect, "I:SPX", "1d", DAY, DAY, DAY)
    assert outcome == Outcome(JobStatus.DONE, 1)


def test_bars_before_the_sessions_are_fetched_as_far_as_every_plan_has_them(evening, provider, connect):
    two_years, path = SESSION - timedelta(days=729), "/v2/aggs/ticker/SPY/range/1/day"
    answer = ok(bars(midnight_ms(date(2024, 11, 20)), midnight_ms(SESSION)) | {"ticker": "SPY"})
    provider.tell(f"{path}/{two_years}/{DAY}", answer)
    provider.tell("", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not in your plan"}))
    outcome = fetch(FETCH_HANDLERS[Stage.BARS], connect, "SPY", "1d", "2023-08-30", DAY, DAY)
    assert outcome == Outcome(JobStatus.DONE, 2)
    assert [request.path.split("?")[0] for request in provider.requests] == [
        f"{path}/2023-08-30/{DAY}",
        f"{path}/{two_years}/{DAY}",
    ]


def test_a_plan_with_less_history_still_gets_the_bars_of_the_sessions(evening, provider, connect):
    path = "/v2/aggs/ticker/SPY/range/1/day"
    provider.tell(f"{path}/{DAY}/{DAY}", ok(bars(midnight_ms(SESSION)) | {"ticker": "SPY"}))
    provider.tell("", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not in your plan"}))
    handler = FETCH_HANDLERS[Stage.BARS]
    assert fetch(handler, connect, "SPY", "1d", "2023-08-30", DAY, DAY) == Outcome(JobStatus.DONE, 1)
    assert len(provider.requests) == 3
    refused = fetch(handler, connect, "QQQ", "1d", "2023-08-30", DAY, DAY)
    assert (refused.status, refused.rejected) == (JobStatus.REFUSED, {"not in the provider's plan": 1})


@pytest.mark.parametrize(
    ("error", "status", "rejected"),
    [
        (NotEntitled("not in your plan"), JobStatus.REFUSED, {"not in the provider's plan": 1}),
        (NotFound("no such ticker"), JobStatus.UNAVAILABLE, {"unknown to the provider": 1}),
        (TimedOut("no answer"), JobStatus.FAILED, {}),
    ],
)
def test_an_error_of_the_provider_is_the_outcome_and_is_recorded(evening, error, status, rejected):
    def refuse(connect: Any, now_ms: int) -> Outcome:
        raise error

    outcome = run_fetch(refuse, RUN, (), None, clock.now_ms())
    assert outcome == Outcome(status, 0, rejected, str(error))
    run = IngestionRun.objects.get()
    assert ((run.task, run.symbol, run.slot), run.status, run.error) == (RUN, "FAILED", str(error))
    assert (run.rejected or {}) == rejected
