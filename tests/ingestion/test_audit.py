"""Every stored value of a session equals its recomputation from stored rows."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ingestion.audit import audit, audit_regime
from ingestion.bars.bar_times import midnight_ms
from ingestion.chains.gamma_inputs import INPUT_COLUMNS
from ingestion.chains.ingest import Outcome, ingest_chain
from ingestion.daily.iv_percentile import calculate_iv_percentile
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.rollups import roll_up
from quant.contracts import format_ticker
from quant.pricing import black_scholes
from quant.sessions import close_of
from tests.ingestion.daily.test_market_regime import Market
from tests.ingestion.market import CHAIN_PATH, page, row
from tests.provider.server import ok
from tests.warehouse.rows import add_trade
from warehouse import clock
from warehouse.models import (
    ExpirationGamma,
    FlowDay,
    GammaDay,
    GammaExposure,
    HistoricalBar,
    HistoricalGreeks,
    IngestionRun,
    IvPercentile,
    MarketRegimeDay,
    OptionsFlow,
    WatchlistEntry,
)

pytestmark = pytest.mark.database

TUESDAY, WEDNESDAY = date(2026, 11, 17), date(2026, 11, 18)
SLOTS = [
    (TUESDAY, 15),
    (TUESDAY, 0),
    (WEDNESDAY, 75),
    (WEDNESDAY, 15),
    (WEDNESDAY, 0),
]  # minutes before the close
WITHOUT_SPOT = 3
FIGURES = (GammaExposure, ExpirationGamma, IvPercentile, GammaDay, FlowDay, MarketRegimeDay)


def chain_at(slot: datetime, seed: int, with_spot: bool = True) -> dict[str, Any]:
    """A chain of six expirations with everything a provider does: no greeks, no quotes, wide quotes, an adjusted
    contract, a gamma without a volatility; and without the underlying, so that spot comes by parity.
    """
    random = np.random.default_rng(seed)
    spot = round(6500 + random.normal(0, 20), 2)
    rows = []
    for days in (0, 7, 23, 30, 44, 65):
        for strike in range(6000, 7001, 100):
            for is_call in (True, False):
                ticker = str(
                    format_ticker("SPXW", slot.date() + timedelta(days=days), is_call, float(strike))
                )
                terms = (
                    is_call,
                    spot,
                    float(strike),
                    (days + 0.1) / 365,
                    0.03,
                    0.01,
                    0.15 + 0.01 * random.random(),
                )
                mid, greeks = float(black_scholes.price(*terms)), black_scholes.greeks(*terms)
                half = round(0.05 + 0.01 * mid, 2)
                kind = random.choice(
                    ["whole", "no greeks", "no quote", "no volatility", "adjusted"], p=[0.6, *[0.1] * 4]
                )
                changes: dict[str, Any] = {
                    "last_quote": {"bid": max(round(mid - half, 2), 0.0), "ask": round(mid + half, 2)},
                    "implied_volatility": round(terms[-1], 6),
                    "greeks": {"delta": float(greeks.delta), "gamma": float(greeks.gamma)},
                    "open_interest": int(random.integers(0, 9000)),
                    "day": {"volume": int(random.integers(0, 900)), "close": round(mid, 2)},
                }
                changes |= {
                    "whole": {},
                    "no greeks": {"greeks": None, "implied_volatility": None},
                    "no quote": {"last_quote": None},
                    "no volatility": {"implied_volatility": 0},
                    "adjusted": {},
                }[str(kind)]
                document = row(ticker, **changes)
                document["underlying_asset"]["value"] = spot
                if not with_spot:
                    del document["underlying_asset"]
                if kind == "adjusted":
                    document["details"]["shares_per_contract"] = 10
                rows.append(document)
    return page(*rows)


@pytest.fixture
def days(spx, provider, at_market_time) -> str:
    """Chains of two sessions, trades of the second, and all that is computed from them after the close."""
    slots = [close_of(day) - timedelta(minutes=before) for day, before in SLOTS]
    for number, slot in enumerate(slots):
        provider.tell(CHAIN_PATH, ok(chain_at(slot, number, with_spot=number != WITHOUT_SPOT)))
    for slot in slots:
        at_market_time(slot)
        assert ingest_chain(spx, clock.epoch_ms(slot), clock.now_ms()).outcome is Outcome.DONE
    for number in range(20):
        add_trade(
            clock.epoch_ms(datetime(2026, 11, 18, 16, number, tzinfo=UTC)),
            number,
            size=number + 1,
            is_sweep=number % 3 == 0,
        )
    at_market_time(close_of(WEDNESDAY) + timedelta(minutes=5))
    market = Market(provider, WEDNESDAY)
    market.tell_volatility()
    market.tell_breadth()
    for session in (TUESDAY, WEDNESDAY):
        assert calculate_iv_percentile(spx, session).stored
        roll_up(session)
    return spx


def as_text() -> dict[str, list[tuple[Any, ...]]]:
    """Every figure as the database writes it."""
    found = {}
    with connection.cursor() as cursor:
        for model in FIGURES:
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY id")
            found[model.__name__] = cursor.fetchall()
    return found


def command(*arguments: str) -> list[str]:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue().splitlines()


def test_recomputing_the_sessions_leaves_every_row_unchanged(days, connect, monkeypatch):
    monkeypatch.setattr("ingestion.daily.market_regime.massive_client", connect)
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), breadth_sessions=2, connect=connect).stored
    before = as_text()
    assert {name: len(rows) for name, rows in before.items()} == {
        "GammaExposure": 5,
        "ExpirationGamma": 28,
        "IvPercentile": 2,
        "GammaDay": 2,
        "FlowDay": 1,
        "MarketRegimeDay": 1,
    }
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), again=True, connect=connect).stored
    command("calculate_iv", "SPX", "--date", str(TUESDAY), "--to", str(WEDNESDAY))
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
        "gamma_daily of 2026-11-17: equal",
        "gamma of 2026-11-18 14:45: equal",
        "gamma by expiration of 2026-11-18 14:45: equal",
        "gamma of 2026-11-18 15:45: equal",
        "gamma by expiration of 2026-11-18 15:45: equal",
        "gamma of 2026-11-18 16:00: equal",
        "gamma by expiration of 2026-11-18 16:00: equal",
        "iv_percentile_cache of 2026-11-18: equal",
        "gamma_daily of 2026-11-18: equal",
        "flow_daily of 2026-11-18: equal",
        "SPX: all 15 rows are equal to the last digit",
    ]
    assert as_text() == before


def test_snapshots_are_recomputed_after_the_ledger_has_deleted_their_runs(days):
    IngestionRun.objects.all().delete()
    gamma = [found for day in (TUESDAY, WEDNESDAY) for found in audit("SPX", day) if "gamma of" in str(found)]
    assert [str(found).rpartition(": ")[2] for found in gamma] == ["equal"] * 5


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
    assert [found.differing for found in audit("SPX", WEDNESDAY)] == [()] * 9
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    run = IngestionRun.objects.get(task="ingest_chain", slot=slot)
    run.result["multipliers"] = {}
    run.save()
    differing = [found for found in audit("SPX", WEDNESDAY) if found.differing]
    at = "2026-11-18 16:00"
    assert [found.figure for found in differing] == [f"gamma of {at}", f"gamma by expiration of {at}"]
    assert {"net_gamma", "vanna_exposure"} <= set(differing[1].differing)
    assert {"total_gamma", "gross_gamma"} <= set(differing[0].differing)


def test_a_row_that_differs_is_listed_with_its_columns(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(call_wall=1)
    OptionsFlow.objects.filter(sequence_number=3).update(is_cancel=True)
    with pytest.raises(CommandError, match="2 of 9 rows differ from their recomputation"):
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
        "gamma_daily of 2026-11-18": "",
        "flow_daily of 2026-11-18": "the rows it was computed from are no longer stored",
    }


def test_the_former_name_of_the_command_still_works(days):
    arguments = ("SPX", "--date", str(TUESDAY))
    assert command("recompute", *arguments) == command("audit", *arguments)


@pytest.fixture
def regime(days, connect) -> str:
    """The session's regime, stored with breadth of two sessions."""
    assert calculate_market_regime(WEDNESDAY, clock.now_ms(), breadth_sessions=2, connect=connect).stored
    return days


def regime_audit() -> str:
    (found,) = audit_regime(WEDNESDAY)
    return str(found).removeprefix("market_regime_history of 2026-11-18: ")


def test_the_regime_is_recomputed_from_stored_inputs_alone(regime, provider):
    before, requests = as_text(), len(provider.requests)
    assert regime_audit() == "equal"
    assert str(list(audit(regime, WEDNESDAY))[-1]) == "market_regime_history of 2026-11-18: equal"
    assert (as_text(), len(provider.requests)) == (before, requests)


def test_a_session_without_a_regime_has_none_to_audit(days):
    assert list(audit_regime(WEDNESDAY)) == []


def test_a_changed_input_of_the_regime_is_found(regime):
    HistoricalBar.objects.filter(symbol="SPY", timestamp=midnight_ms(WEDNESDAY)).update(close=700)
    assert regime_audit().startswith("differs in ")
    assert "spy_close" in regime_audit()


def test_index_levels_of_a_snapshot_are_taken_from_the_row(regime):
    HistoricalBar.objects.filter(symbol="NDX").delete()
    assert regime_audit() == "equal"


def test_a_regime_whose_inputs_are_gone_says_which(regime):
    HistoricalGreeks.objects.all().delete()
    assert regime_audit() == "cannot be recomputed: the chains of its put/call ratio are no longer stored"
    HistoricalBar.objects.filter(
        timeframe="1d", symbol__in=["QQQ", "A", "B", "C", "D", "CHEAP", "NEW"]
    ).delete()
    assert regime_audit() == "cannot be recomputed: the bars of QQQ, all stocks are no longer stored"


def test_a_row_of_an_earlier_method_is_not_compared(regime):
    version = MarketRegimeDay.objects.get().method_version
    MarketRegimeDay.objects.update(method_version="0", spy_close=1)
    assert (
        regime_audit()
        == f"cannot be recomputed: it was computed by method 0, and the present one is {version}"
    )


def test_more_contracts_than_gamma_was_computed_from_are_named(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(measured_contracts=100)
    (found,) = [found for found in audit("SPX", WEDNESDAY) if found.impossible]
    assert found.impossible == "110 contracts are stored, more than the 100 it was computed from"


def test_the_command_counts_what_it_could_not_recompute(days):
    slot = clock.epoch_ms(close_of(WEDNESDAY))
    GammaExposure.objects.filter(timestamp=slot).update(measured_contracts=100)
    said = command("audit", "SPX", "--date", str(WEDNESDAY))[-1]
    assert said == "SPX: all 5 rows are equal to the last digit; 1 could not be recomputed"
