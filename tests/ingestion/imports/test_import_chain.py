"""Imported chains are stored like live ones, once, and never replace live rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from ingestion.audit import audit, audit_slot
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.regime_inputs import STORED_ONLY
from tests.ingestion.imports.files import eod_file, eod_rows, pair, quote_table
from tests.ingestion.stored import store_pair
from warehouse import clock
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun, IvPercentile, MarketRegimeDay

pytestmark = pytest.mark.database

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
CLOSE_MS = clock.epoch_ms(datetime(2026, 11, 16, 21, 0, tzinfo=UTC))
EXPIRATION = date(2026, 12, 16)


@pytest.fixture(autouse=True)
def wednesday(spx) -> None:
    """SPX is watched, and the clock is at Wednesday, 18 November 2026."""


@pytest.fixture
def written(tmp_path):
    def write(*rows: str, name: str = "eod.csv", **header: str):
        return eod_file(tmp_path / name, rows, **header)

    return write


def stored() -> list[dict]:
    return list(HistoricalGreeks.objects.order_by("timestamp", "contract_ticker").values())


def test_an_end_of_day_file_is_stored_at_the_closes_in_warehouse_units(written):
    rows = eod_rows(MONDAY, 0.20, EXPIRATION) + eod_rows(TUESDAY, 0.25, EXPIRATION)
    call_command("import_chain", written(*rows))
    first = stored()[1]
    assert (first["timestamp"], first["contract_ticker"]) == (CLOSE_MS, "O:SPXW261216C02700000")
    assert (first["source"], first["greeks_source"], first["iv_status"]) == ("import", "provider", "ok")
    # At the money without carry: theta = -S n(d1) v / (2 sqrt(T) 365), vega = S n(d1) sqrt(T) / 100, T = 30 / 365
    assert first["theta"] == pytest.approx(-1.0288, abs=1e-3)
    assert first["vega"] == pytest.approx(3.0867, abs=1e-3)
    assert (first["implied_volatility"], first["open_interest"], first["volume"]) == (0.20, 1000, 100)
    gamma = GammaExposure.objects.get(timestamp=CLOSE_MS)
    assert (gamma.oi_source, float(gamma.underlying_price)) == ("provider", 2700)
    run = IngestionRun.objects.get(task="import_chain", slot=CLOSE_MS)
    assert (run.status, run.contracts, run.rows, run.rejected) == ("DONE", 6, 6, {})
    assert run.result["units"] == {
        "implied_volatility": "fraction",
        "theta": "per year",
        "vega": "per whole volatility",
    }
    assert [round(row.current_iv, 3) for row in IvPercentile.objects.order_by("date")] == [0.200, 0.250]


def test_the_regime_lists_its_missing_inputs(written):
    call_command("import_chain", written(*eod_rows(MONDAY, 0.20, EXPIRATION)))
    regime = MarketRegimeDay.objects.get(date=MONDAY)
    assert (regime.market_regime, regime.put_call_ratio_total, regime.confidence_score) == (None, 1.5, 0.0)
    assert {"bars", "vix", "breadth", "correlation"} <= set(regime.missing_inputs)


def test_importing_again_changes_nothing(written):
    path = written(*eod_rows(MONDAY, 0.20, EXPIRATION))
    call_command("import_chain", path)
    before = (stored(), list(GammaExposure.objects.values()), list(IvPercentile.objects.values()))
    call_command("import_chain", path)
    assert (stored(), list(GammaExposure.objects.values()), list(IvPercentile.objects.values())) == before


def test_a_live_chain_is_not_changed(written):
    store_pair(CLOSE_MS, EXPIRATION, 0.5)
    before = stored()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_chain", written(*eod_rows(MONDAY, 0.20, EXPIRATION)))
    assert stored() == before
    assert not GammaExposure.objects.exists()


def test_a_dry_run_stores_nothing(written):
    call_command("import_chain", written(*eod_rows(MONDAY, 0.20, EXPIRATION)), dry_run=True)
    assert not HistoricalGreeks.objects.exists()
    assert not IngestionRun.objects.exists()


def test_sessions_are_ranked_again_after_an_earlier_one_is_imported(written):
    call_command("import_chain", written(*eod_rows(TUESDAY, 0.25, EXPIRATION)))
    assert IvPercentile.objects.get(date=TUESDAY).data_points == 0
    rows = eod_rows(MONDAY, 0.20, EXPIRATION) + eod_rows(TUESDAY, 0.25, EXPIRATION)
    call_command("import_chain", written(*rows))
    assert IvPercentile.objects.get(date=TUESDAY).data_points == 1


def test_a_file_older_than_retention_is_reported_with_a_clock_offset(written, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_chain", written(*eod_rows(date(2018, 2, 5), 0.30, date(2018, 3, 7))))
    output = capsys.readouterr().out
    assert "1 snapshots of 6 contracts were not stored" in output
    offset = int(output.partition("CLOCK_OFFSET_MS=")[2].split()[0])
    reached = datetime.now(UTC) + timedelta(milliseconds=offset)
    close = datetime(2018, 2, 5, 21, 0, tzinfo=UTC)
    assert close <= reached < close + timedelta(days=1)
    assert not HistoricalGreeks.objects.exists()


def test_rows_that_are_not_contracts_of_the_chain_are_counted_by_reason(written):
    good = eod_rows(MONDAY, 0.20, EXPIRATION)
    other_root = eod_rows(MONDAY, 0.20, EXPIRATION, strikes=[2900])[0].replace("SPXW", "XYZ")
    contradicting = eod_rows(MONDAY, 0.20, EXPIRATION, strikes=[2950])[0].replace(",2950,", ",2960,")
    expired = eod_rows(MONDAY, 0.20, date(2026, 11, 13), strikes=[2700])
    expired = [row.replace(",nan", ",0") for row in expired]
    rows = [*good, good[0], contradicting, *expired, "SPXW,2700", other_root]
    call_command("import_chain", written(*rows), symbol="SPX")
    run = IngestionRun.objects.get(task="import_chain", slot=CLOSE_MS)
    assert (run.rows, run.contracts) == (6, 12)
    assert run.rejected == {
        "duplicate": 1,
        "contradicts_its_ticker": 1,
        "wrong_number_of_fields": 1,
        "unknown_root": 1,
        "expired": 2,
    }


def test_a_quote_table_is_stored_at_the_slot_before_its_stamp(tmp_path):
    path = quote_table(
        tmp_path / "table.csv",
        [
            pair(
                *("Wed Dec 16 2026", "SPXW261216C06500000", "SPXW261216P06500000", "6500.00"),
                *("0,0,100,101,5,0.15,0.52,0.0011,700", "0,0,98,99,6,0,0,0.0012,800"),
            )
        ],
        "November 18, 2026 at 2:40 PM EST",
    )
    call_command("import_chain", path)
    call, put = stored()
    assert {row["timestamp"] for row in (call, put)} == {
        clock.epoch_ms(datetime(2026, 11, 18, 19, 30, tzinfo=UTC))
    }
    assert (call["delta"], call["gamma"], call["implied_volatility"]) == (0.52, 0.0011, 0.15)
    # Its volatility of 0 means that there is none, so it is computed; its gamma is that of the file all the same.
    assert (put["gamma"], put["greeks_source"], put["iv_status"]) == (0.0012, "provider", "ok")
    assert put["implied_volatility"] == pytest.approx(0.134, abs=0.005)
    assert put["delta"] == pytest.approx(-0.49, abs=0.02)
    # (0.0011 x 700 - 0.0012 x 800) x 100 x 6500.25² x 0.01
    assert float(GammaExposure.objects.get().total_gamma) == pytest.approx(-8_028_118, abs=1)


def test_without_open_interest_gamma_is_weighted_by_volume(written):
    rows = eod_rows(MONDAY, 0.20, EXPIRATION)
    header = eod_file.__defaults__[0].replace("openinterest", "something")
    call_command("import_chain", written(*rows, header=header))
    gamma = GammaExposure.objects.get()
    assert (gamma.oi_source, float(gamma.put_gamma / gamma.call_gamma)) == (
        "volume_proxy",
        pytest.approx(-1.5),
    )
    assert {row["open_interest"] for row in stored()} == {None}
    assert (gamma.put_call_oi_ratio, gamma.oi_by_strike, gamma.median_gross_gamma) == (None, {}, None)
    assert gamma.put_call_volume_ratio == pytest.approx(1.5)
    assert str(next(audit_slot("SPX", CLOSE_MS))) == "gamma of 2026-11-16 16:00: equal"


def test_a_snapshot_of_a_file_can_be_recomputed(written):
    call_command("import_chain", written(*eod_rows(MONDAY, 0.20, EXPIRATION)))
    gamma = GammaExposure.objects.get()
    inputs = (gamma.measured_contracts, gamma.spot_source, gamma.data_delay_ms)
    assert inputs == (6, "file", 0)
    assert str(next(audit_slot("SPX", CLOSE_MS))) == "gamma of 2026-11-16 16:00: equal"


def test_every_value_of_an_imported_session_equals_its_recomputation(written):
    call_command("import_chain", written(*eod_rows(MONDAY, 0.20, EXPIRATION)))
    calculate_market_regime(MONDAY, clock.now_ms(), again=True, readers=STORED_ONLY, is_history=True)
    assert [str(found) for found in audit("SPX", MONDAY)] == [
        "gamma of 2026-11-16 16:00: equal",
        "gamma by expiration of 2026-11-16 16:00: equal",
        "iv_percentile_cache of 2026-11-16: equal",
        "iv_surface_daily of 2026-11-16: equal",
        "iv_term_daily of 2026-11-16: equal",
        "market_regime_history of 2026-11-16: equal",
    ]
