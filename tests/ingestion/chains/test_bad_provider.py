"""Faults of the provider end as an error or counted rejections in the ledger, never as a partial chain."""

from __future__ import annotations

import json

import pytest

from ingestion.chains.ingest import Outcome, ingest_chain
from tests.ingestion.market import CALL, CHAIN_PATH, PUT, SLOT_MS, page, row, two_contracts
from tests.provider.server import Answer, ok, refusal
from warehouse import clock
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

FIRST_PAGE = page(row(CALL), next_url="{url}" + CHAIN_PATH + "?cursor=two")


def first_page(provider, **changes):
    document = json.loads(json.dumps(FIRST_PAGE).replace("{url}", provider.url))
    return ok(document | changes)


def nothing_is_stored():
    assert HistoricalGreeks.objects.count() == 0
    assert GammaExposure.objects.count() == 0


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (refusal(404), "404"),
        (Answer(json.dumps(page(row(PUT))).encode()[:200]), "not a page"),
        (Answer(json.dumps(page(row(PUT))).encode(), cut=100), "cut|in the middle|connection"),
        (Answer(b"<html>Bad gateway</html>"), "not a page"),
        (Answer(b""), "empty"),
        (ok({"status": "OK"}), "no results"),
        (Answer(b'{"status":"OK","results":[{"open_interest":NaN}]}'), "not a page"),
        (refusal(401, {"status": "ERROR", "error": "Unknown API Key"}), "key"),
        (
            refusal(403, {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}),
            "entitled",
        ),
        (
            refusal(403, {"status": "NOT_AUTHORIZED", "error": "You are not entitled to this data."}),
            "entitled",
        ),
        (refusal(429, {"status": "ERROR", "error": "exceeded"}), "429|too many|rate|requests"),
        (refusal(429, None, Retry_After="1"), "429|too many|rate|requests"),
        (refusal(500), "500"),
        (Answer(hang=True), "time|answer"),
        (ok(page(row(PUT), next_url="https://elsewhere.example/v3?cursor=x")), "elsewhere|origin|foreign"),
    ],
    ids=[
        "missing",
        "truncated JSON",
        "truncated transfer",
        "not JSON",
        "empty",
        "results absent",
        "NaN",
        "401",
        "403 message",
        "403 error",
        "429",
        "429 with Retry-After",
        "500",
        "timeout",
        "foreign next_url",
    ],
)
def test_an_invalid_second_page_fails_the_slot_and_stores_nothing(spx, provider, second, named):
    provider.timeout_seconds = 0.5 if second.hang else provider.timeout_seconds
    provider.tell(f"{CHAIN_PATH}?cursor=two", second)
    provider.tell(CHAIN_PATH, first_page(provider))
    result = ingest_chain(spx, SLOT_MS, clock.now_ms())
    run = IngestionRun.objects.get()
    assert (result.outcome, run.status) == (Outcome.FAILED, RunStatus.FAILED)
    assert "\n" not in run.error
    assert "Traceback" not in run.error
    assert any(part in run.error.lower() for part in named.lower().split("|")), run.error
    nothing_is_stored()


def test_the_next_attempt_completes_a_failed_slot(spx, provider):
    provider.tell(CHAIN_PATH, refusal(500), refusal(500), ok(two_contracts()))
    assert ingest_chain(spx, SLOT_MS, clock.now_ms()).outcome is Outcome.FAILED
    assert ingest_chain(spx, SLOT_MS, clock.now_ms()).outcome is Outcome.DONE
    run = IngestionRun.objects.get()
    assert (run.status, run.attempts, run.error) == (RunStatus.DONE, 2, None)


def test_an_empty_chain_is_a_failure(spx, provider):
    provider.tell(CHAIN_PATH, ok(page()))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert "the chain is empty" in IngestionRun.objects.get().error
    nothing_is_stored()


def test_rejected_rows_are_counted_and_the_others_stored(spx, provider):
    bad_rows = [
        row("O:NDXP261218C06500000"),
        row("O:SPXW261117C06500000"),
        row(PUT, details={"contract_type": "put"}),
        row(PUT, open_interest="many"),
    ]
    provider.tell(CHAIN_PATH, ok(page(row(CALL), *bad_rows)))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    run = IngestionRun.objects.get()
    assert (run.status, run.contracts, run.rows) == (RunStatus.DONE, 5, 1)
    assert sum(run.rejected.values()) == 4
    assert run.rejected["unknown_root"] == 1
    assert run.rejected["expired"] == 1


def test_negative_prices_become_null(spx, provider):
    provider.tell(CHAIN_PATH, ok(page(row(CALL, last_quote={"bid": -1.0, "ask": 101.0}), row(PUT))))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert HistoricalGreeks.objects.get(contract_ticker=CALL).bid is None
    assert IngestionRun.objects.get().result["refused"] == {"negative_bid": 1}


def without_the_underlying(ticker, **changes):
    return row(ticker, greeks=None, implied_volatility=None, underlying_asset={"ticker": "I:SPX"}, **changes)


def quoted(mid):
    return {"bid": mid - 0.05, "ask": mid + 0.05}


def test_without_a_price_of_the_underlying_parity_is_used(spx, provider):
    """Calls over puts by 6,530 less the strike, so every strike says the forward is 6,530."""
    pairs = [
        without_the_underlying(f"O:SPXW261218{kind}0{strike}000", last_quote=quoted(mid))
        for strike, call in ((6400, 190.0), (6500, 120.0), (6600, 70.0))
        for kind, mid in (("C", call), ("P", call - (6530 - strike)))
    ]
    provider.tell(CHAIN_PATH, ok(page(*pairs)))
    provider.tell(
        "/v3/snapshot/indices", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not entitled"})
    )
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    run = IngestionRun.objects.get()
    assert run.result["spot"] == pytest.approx(6530, abs=0.01)
    assert (run.result["spot_source"], run.result["computed_greeks"]) == ("parity", 6)


def test_without_price_and_parity_every_row_has_the_reason(spx, provider):
    provider.tell(CHAIN_PATH, ok(page(without_the_underlying(CALL), without_the_underlying(PUT))))
    provider.tell(
        "/v3/snapshot/indices", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not entitled"})
    )
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    run = IngestionRun.objects.get()
    assert (run.result["spot"], run.result["spot_source"]) == (None, "none")
    assert set(HistoricalGreeks.objects.values_list("iv_status", "gamma")) == {("no_underlying", None)}
    assert GammaExposure.objects.get().total_gamma is None
