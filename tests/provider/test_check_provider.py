"""`manage.py check_provider` with a small plan, a bad key, no key and an unreachable provider."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from provider.client import MassiveClient
from provider.entitlements import Finding, Status, consequences, findings
from tests.provider.conftest import KEY, contract
from tests.provider.server import ScriptedProvider, ok, refusal

UPGRADE = {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}
TICKER = "O:SPXW261120C00105000"
BAR = {"t": 1, "o": 1, "h": 1, "l": 1, "c": 1}


def script_a_starter_plan(provider: ScriptedProvider) -> None:
    """Script a plan with delayed options without trades and quotes, stocks, and no indices."""
    row = contract(105, greeks={"gamma": 0.01}, implied_volatility=0.2, day={"volume": 9})
    provider.tell("/v1/marketstatus/now", ok({"market": "open", "serverTime": "2026-11-16T10:00:00-05:00"}))
    provider.tell("/v3/snapshot/options/SPY", ok({"results": [contract(100), row, {}]}))
    provider.tell("/v3/snapshot/options/I:SPX", refusal(403, UPGRADE))
    provider.tell("/v3/reference/options/contracts", ok({"results": []}))
    provider.tell(f"/v2/aggs/ticker/{TICKER}/prev", ok({"resultsCount": 0}))
    provider.tell(f"/v3/trades/{TICKER}", refusal(403, UPGRADE))
    provider.tell(f"/v3/quotes/{TICKER}", refusal(403, UPGRADE))
    provider.tell("/v3/snapshot", ok({"results": [{"ticker": TICKER}]}))
    provider.tell("/v2/aggs/ticker/SPY/prev", ok({"results": [BAR]}))
    provider.tell("/v2/aggs/ticker/I:SPX/prev", refusal(503))
    provider.tell(
        "/v3/snapshot/indices",
        ok({"results": [{"ticker": "I:SPX", "error": "NOT_ENTITLED", "message": "Not entitled."}]}),
    )
    today = "range/1/minute/2026-11-16/2026-11-16"
    provider.tell(f"/v2/aggs/ticker/SPY/{today}", ok({"status": "DELAYED", "results": [BAR]}))
    provider.tell(f"/v2/aggs/ticker/I:SPX/{today}", refusal(403, UPGRADE))
    provider.tell("/v2/aggs/grouped/locale/us/market/stocks/2026-11-13", ok({"results": [BAR, BAR]}))
    paid = {"ticker": "SPY", "ex_dividend_date": "2026-09-18", "cash_amount": 1.75}
    provider.tell("/v3/reference/dividends", ok({"results": [paid]}))
    provider.tell("/v3/reference/splits", refusal(403, UPGRADE))
    provider.tell("/v3/reference/conditions", ok({"results": [{"id": 209, "name": "Automatic"}]}))
    provider.tell("/v3/reference/exchanges", ok({"results": "none"}))


def test_each_endpoint_and_field_is_reported(provider: ScriptedProvider, client: MassiveClient) -> None:
    script_a_starter_plan(provider)
    at = "127.0.0.1"
    refused = "answered 403: You are not entitled to this data."
    no_list = "Expected `array | null`, got `str` - at `$.results`"
    assert list(findings(client)) == [
        Finding("market status", Status.YES, "the market is open"),
        Finding("chain SPY", Status.YES, "2 rows on one page, 1 unreadable"),
        Finding("  SPY underlying price", Status.NOT_IN_PLAN, "in 0 of 2 contracts"),
        Finding("  SPY greeks", Status.YES, "in 1 of 2 contracts"),
        Finding("  SPY implied volatility", Status.YES, "in 1 of 2 contracts"),
        Finding("  SPY open interest", Status.YES, "in 2 of 2 contracts"),
        Finding("  SPY last quote", Status.NOT_IN_PLAN, "in 0 of 2 contracts"),
        Finding("  SPY last trade", Status.NOT_IN_PLAN, "in 0 of 2 contracts"),
        Finding("chain I:SPX", Status.NOT_IN_PLAN, f"{at}/v3/snapshot/options/I:SPX {refused}"),
        Finding("contract list", Status.NO_DATA, "0 rows on one page"),
        Finding("option bars", Status.NO_DATA, "0 rows on one page"),
        Finding("option trades", Status.NOT_IN_PLAN, f"{at}/v3/trades/{TICKER} {refused}"),
        Finding("option quotes", Status.NOT_IN_PLAN, f"{at}/v3/quotes/{TICKER} {refused}"),
        Finding("universal snapshot", Status.YES, f"a row for {TICKER}"),
        Finding("stock bars", Status.YES, "1 row on one page"),
        Finding("index bars", Status.FAILED, f"{at}/v2/aggs/ticker/I:SPX/prev answered 503."),
        Finding("index snapshot", Status.NOT_IN_PLAN, "Not entitled."),
        Finding("live stock bars", Status.YES, "minute bars of today, 15 minutes late"),
        Finding(
            "live index bars",
            Status.NOT_IN_PLAN,
            f"{at}/v2/aggs/ticker/I:SPX/range/1/minute/2026-11-16/2026-11-16 {refused}",
        ),
        Finding("grouped daily bars", Status.YES, "2 rows on one page"),
        Finding("dividends", Status.YES, "1 row on one page"),
        Finding("splits", Status.NOT_IN_PLAN, f"{at}/v3/reference/splits {refused}"),
        Finding("conditions", Status.YES, "1 row on one page"),
        Finding(
            "exchanges",
            Status.FAILED,
            f"{at}/v3/reference/exchanges sent a bad page: the answer is not a page: {no_list}.",
        ),
    ]


def test_the_sample_skips_contracts_that_expire_within_a_week(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    script_a_starter_plan(provider)
    list(findings(client))
    queries = {request.path: request.query for request in provider.requests}
    assert queries["/v3/snapshot/options/SPY"] == "limit=250&expiration_date.gte=2026-11-23"


def run(settings: Any, **values: Any) -> str:
    for name, value in {"MASSIVE_API_KEY": KEY, "SIMULATED": False, **values}.items():
        setattr(settings, name, value)
    output = io.StringIO()
    call_command("check_provider", stdout=output)
    return output.getvalue()


def test_the_command_prints_a_table(provider: ScriptedProvider, settings: Any) -> None:
    script_a_starter_plan(provider)
    provider.tell("/v2/aggs/ticker/I:SPX/prev", ok({"results": [BAR]}))
    lines = run(settings, MASSIVE_BASE_URL=provider.url).splitlines()
    (greeks,) = [line for line in lines if "SPY greeks" in line]
    assert [cell.strip() for cell in greeks.strip("│").split("│")] == [
        "SPY greeks",
        "yes",
        "in 1 of 2 contracts",
    ]
    assert lines[0].strip() == provider.url


def test_the_header_marks_simulated_data(provider: ScriptedProvider, settings: Any) -> None:
    script_a_starter_plan(provider)
    provider.tell("/v2/aggs/ticker/I:SPX/prev", ok({"results": [BAR]}))
    output = run(settings, MASSIVE_BASE_URL=provider.url, SIMULATED=True)
    assert output.splitlines()[0].strip() == f"{provider.url}, SIMULATED"


def test_a_key_without_any_chain_fails(provider: ScriptedProvider, settings: Any) -> None:
    with pytest.raises(CommandError) as caught:
        run(settings, MASSIVE_BASE_URL=provider.url)
    assert str(caught.value) == "No option chain is available with this key, so nothing can be ingested."


def test_an_unknown_key_ends_the_check_with_one_sentence(provider: ScriptedProvider, settings: Any) -> None:
    provider.tell("/v1/marketstatus/now", refusal(401, {"error": "Unknown API Key"}))
    with pytest.raises(CommandError) as caught:
        run(settings, MASSIVE_BASE_URL=provider.url)
    assert str(caught.value) == "127.0.0.1/v1/marketstatus/now answered 401: Unknown API Key."
    assert len(provider.requests) == 1


def test_a_missing_key_is_reported_in_one_sentence(settings: Any) -> None:
    with pytest.raises(CommandError, match=r"^There is no provider key: set MASSIVE_API_KEY\.$"):
        run(settings, MASSIVE_BASE_URL="http://127.0.0.1:1", MASSIVE_API_KEY="")


def test_an_unreachable_host_is_reported_in_one_sentence(settings: Any) -> None:
    with pytest.raises(CommandError, match=r"^127\.0\.0\.1/v1/marketstatus/now cannot be reached \(.*\)\.$"):
        run(settings, MASSIVE_BASE_URL="http://127.0.0.1:1")


def test_the_report_says_what_the_numbers_lack_without_parts_of_the_data(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    script_a_starter_plan(provider)
    quotes, indices, splits = consequences(list(findings(client)))
    assert quotes.startswith("Without quotes (plan Options Advanced) there are no forwards")
    assert indices == (
        "Without live index bars (plan Indices Advanced, or Indices Starter with a delay of 15 minutes) detectors of"
        " indices have no data; bars are stored after the close, as far as the plan has them."
    )
    assert splits == "Without splits, bars before a split are read unadjusted."
    assert (
        consequences([Finding("  SPY last quote", Status.YES, ""), Finding("splits", Status.FAILED, "")])
        == []
    )


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-11-16T09:49:00-05:00", Status.NO_DATA),
        ("2026-11-16T09:50:00-05:00", Status.NOT_IN_PLAN),
        ("2026-11-14T12:00:00-05:00", Status.NO_DATA),
    ],
)
def test_no_bars_of_today_count_as_a_missing_plan_once_they_are_due(
    provider: ScriptedProvider, client: MassiveClient, now: str, status: Status
) -> None:
    provider.tell("/v1/marketstatus/now", ok({"market": "open", "serverTime": now}))
    provider.tell("", ok({"results": []}))
    (line,) = [line for line in findings(client) if line.what == "live stock bars"]
    assert line == Finding("live stock bars", status, "no minute bar of today")
