"""Every stored value of a session equals its recomputation from stored rows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import CommandError

from ingestion.audit import Audited, audit
from ingestion.chains.gamma_inputs import INPUT_COLUMNS
from ingestion.chains.ingest import ingest_chain
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.rollups import roll_up
from quant.sessions import close_of
from tests.ingestion.audited import (
    TUESDAY,
    WEDNESDAY,
    as_text,
    chain_at,
    command,
    store_two_sessions,
)
from tests.ingestion.market import CHAIN_PATH
from tests.provider.server import ok
from warehouse import clock
from warehouse.models import (
    GammaExposure,
    HistoricalGreeks,
    IngestionRun,
    OptionsFlow,
    WatchlistEntry,
)

pytestmark = pytest.mark.database


@pytest.fixture
def days(spx, provider, at_market_time) -> str:
    return store_two_sessions(spx, provider, at_market_time)


def test_recomputing_the_sessions_leaves_every_row_unchanged(days, connect, monkeypatch):
    monkeypatch.setattr("ingestion.daily.market_regime.massive_client", connect)
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), breadth_sessions=2, connect=connect).stored
    before = as_text()
    assert {name: len(rows) for name, rows in before.items()} == {
        "GammaExposure": 5,
        "ExpirationGamma": 28,
        "IvPercentile": 2,
        "SurfacePoint": 70,
        "TermDay": 2,
        "GammaDay": 2,
        "FlowDay": 1,
        "MarketRegimeDay": 1,
    }
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), again=True, connect=connect).stored
    for name in ("calculate_iv", "calculate_surface"):
        command(name, "SPX", "--date", str(TUESDAY), "--to", str(WEDNESDAY))
    for session in (WEDNESDAY, TUESDAY):
        roll_up(session, again=True)
    assert as_text() == before


def test_every_value_equals_its_recomputation_and_none_is_changed(days):
    before = as_text()
    assert command("audit", "SPX", "--date", str(TUESDAY), "--to", str(WEDNESDAY)) == [
        "gamma of 2026-11-17 15:45: equal",
        "gamma by expiration of 2026-11-17 15:45: equal",
        "gamma of 2026-11-17 16:00: equal",
        "gamma by expiration of 2026-11-17 16:00: equal",
        "iv_percentile_cache of 2026-11-17: equal",
        "iv_surface_daily of 2026-11-17: equal",
        "iv_term_daily of 2026-11-17: equal",
        "gamma_daily of 2026-11-17: equal",
        "gamma of 2026-11-18 14:45: equal",
        "gamma by expiration of 2026-11-18 14:45: equal",
        "gamma of 2026-11-18 15:45: equal",
        "gamma by expiration of 2026-11-18 15:45: equal",
        "gamma of 2026-11-18 16:00: equal",
        "gamma by expiration of 2026-11-18 16:00: equal",
        "iv_percentile_cache of 2026-11-18: equal",
        "iv_surface_daily of 2026-11-18: equal",
        "iv_term_daily of 2026-11-18: equal",
        "gamma_daily of 2026-11-18: equal",
        "flow_daily of 2026-11-18: equal",
        "SPX: all 19 rows are equal to the last digit",
    ]
    assert as_text() == before


def test_snapshots_are_recomputed_after_the_ledger_has_deleted_their_runs(days):
    IngestionRun.objects.all().delete()
    gamma = [found for day in (TUESDAY, WEDNESDAY) for found in audit("SPX", day) if "gamma of" in str(found)]
    assert [str(found).rpartition(": ")[2] for found in gamma] == ["equal"] * 5


def gamma_of(session: date) -> list[Audited]:
    return [found for found in audit("SPX", session) if found.figure.startswith("gamma ")]


def test_an_older_snapshot_is_recomputed_with_the_inputs_in_its_run(days):
    for snapshot in GammaExposure.objects.all():
        adjusted = HistoricalGreeks.objects.filter(timestamp=snapshot.timestamp).exclude(multiplier=100)
        multipliers = dict(adjusted.values_list("contract_ticker", "multiplier"))
        noted = {"median_gross_gamma": snapshot.median_gross_gamma, "multipliers": multipliers}
        run = IngestionRun.objects.get(task="ingest_chain", slot=snapshot.timestamp)
        run.result |= noted
        run.save()
    GammaExposure.objects.update(**dict.fromkeys(INPUT_COLUMNS))
    HistoricalGreeks.objects.update(multiplier=None)
    assert [found.differing for found in gamma_of(WEDNESDAY)] == [()] * 6
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    run = IngestionRun.objects.get(task="ingest_chain", slot=slot)
    run.result["multipliers"] = {}
    run.save()
    differing = [found for found in gamma_of(WEDNESDAY) if found.differing]
    at = "2026-11-18 16:00"
    assert [found.figure for found in differing] == [f"gamma of {at}", f"gamma by expiration of {at}"]
    assert {"net_gamma", "vanna_exposure"} <= set(differing[1].differing)
    assert {"total_gamma", "gross_gamma"} <= set(differing[0].differing)


def test_a_row_that_differs_is_listed_with_its_columns(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(call_wall=1)
    OptionsFlow.objects.filter(sequence_number=3).update(is_cancel=True)
    with pytest.raises(CommandError, match="2 of 11 rows differ from their recomputation"):
        command("audit", "SPX", "--date", str(WEDNESDAY))
    assert {str(found) for found in audit("SPX", WEDNESDAY) if found.differing} == {
        "gamma of 2026-11-18 16:00: differs in call_wall",
        "flow_daily of 2026-11-18: differs in trades, contracts, call_contracts, premium, bullish_premium,"
        " sweeps, bullish_sweeps",
    }


def test_the_sessions_contain_the_difficult_cases(days):
    """Spot by parity, adjusted contracts, gammas of either source, and numbers nobody could give."""
    parity = GammaExposure.objects.get(timestamp=clock.epoch_ms(close_of(WEDNESDAY)) - 15 * 60_000)
    assert (parity.spot_source, parity.measured_contracts, parity.data_delay_ms) == ("parity", 132, 0)
    stored = HistoricalGreeks.objects.filter(timestamp=parity.timestamp)
    assert set(stored.values_list("multiplier", flat=True)) == {10, 100}
    assert set(stored.values_list("greeks_source", flat=True)) == {"provider", "computed", None}
    assert parity.sensitivity["conventions"]["own_gamma"]


def test_a_changed_quote_shows_in_the_sensitivity(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    quoted = HistoricalGreeks.objects.filter(timestamp=slot, iv_status="ok", strike=6500, dte=30, bid__gt=0)
    assert quoted.update(bid=1) > 0
    differing = {found.figure: found.differing for found in audit("SPX", WEDNESDAY) if found.differing}
    assert "sensitivity" in differing["gamma of 2026-11-18 16:00"]


def test_a_stored_strike_band_cannot_be_recomputed(spx, provider, at_market_time):
    WatchlistEntry.objects.update(strike_band_pct=5)
    slot = close_of(WEDNESDAY)
    at_market_time(slot)
    provider.tell(CHAIN_PATH, ok(chain_at(slot, 1)))
    ingest_chain(spx, clock.epoch_ms(slot), clock.now_ms())
    reason = (
        "gamma is that of the whole chain of 110 contracts, and only 70 of them are stored, as within a band of"
        " strikes"
    )
    assert [found.impossible for found in audit("SPX", WEDNESDAY)] == [reason, reason]
    at_market_time(slot + timedelta(minutes=5))
    with pytest.raises(CommandError, match="Nothing of SPX could be recomputed"):
        command("audit", "SPX", "--date", str(WEDNESDAY))


def test_expired_rows_are_reported_as_no_longer_stored(days):
    OptionsFlow.objects.all().delete()
    HistoricalGreeks.objects.all().delete()
    without_inputs = GammaExposure.objects.filter(timestamp=clock.epoch_ms(close_of(WEDNESDAY)))
    without_inputs.update(measured_contracts=None)
    IngestionRun.objects.all().delete()
    impossible = {found.figure: found.impossible for found in audit("SPX", WEDNESDAY)}
    by_expiration = {
        figure: impossible.pop(figure) for figure in list(impossible) if "by expiration" in figure
    }
    assert by_expiration == {
        figure.replace("gamma of", "gamma by expiration of"): reason
        for figure, reason in impossible.items()
        if figure.startswith("gamma of")
    }
    assert impossible == {
        "gamma of 2026-11-18 14:45": "its chain of 132 contracts is no longer stored",
        "gamma of 2026-11-18 15:45": "its chain of 132 contracts is no longer stored",
        "gamma of 2026-11-18 16:00": (
            "it was stored without its inputs, and the ledger's run, kept 90 days, is gone"
        ),
        "iv_percentile_cache of 2026-11-18": "no chain of SPX is stored for the session of 2026-11-18",
        "iv_surface_daily of 2026-11-18": "no chain of SPX is stored for the session of 2026-11-18",
        "iv_term_daily of 2026-11-18": "no chain of SPX is stored for the session of 2026-11-18",
        "gamma_daily of 2026-11-18": "",
        "flow_daily of 2026-11-18": "the rows it was computed from are no longer stored",
    }


def test_the_former_name_of_the_command_still_works(days):
    arguments = ("SPX", "--date", str(TUESDAY))
    assert command("recompute", *arguments) == command("audit", *arguments)


def test_more_contracts_than_gamma_was_computed_from_are_named(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(measured_contracts=100)
    found = [found for found in audit("SPX", WEDNESDAY) if found.impossible]
    assert [one.figure for one in found] == [
        "gamma of 2026-11-18 16:00",
        "gamma by expiration of 2026-11-18 16:00",
    ]
    assert {one.impossible for one in found} == {
        "110 contracts are stored, more than the 100 it was computed from"
    }


def test_the_command_counts_what_it_could_not_recompute(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(measured_contracts=100)
    said = command("audit", "SPX", "--date", str(WEDNESDAY))[-1]
    assert said == "SPX: all 9 rows are equal to the last digit; 2 could not be recomputed"
