"""Chains from files become what a live chain becomes, once, and never over one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

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
    """SPX is watched; it is Wednesday, 18 November 2026."""


@pytest.fixture
def written(tmp_path):
    def write(*rows: str, name: str = "eod.csv", **header: str):
        return eod_file(tmp_path / name, rows, **header)

    return write


def stored() -> list[dict]:
    return list(HistoricalGreeks.objects.order_by("timestamp", "contract_ticker").values())


def test_an_end_of_day_file_is_stored_at_the_closes_with_its_own_greeks_in_our_units(written):
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


def test_the_regime_says_what_it_was_computed_without(written):
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


def test_a_live_chain_stays_as_it_is(written):
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


def test_an_earlier_session_imported_later_counts_for_the_ones_after_it(written):
    call_command("import_chain", written(*eod_rows(TUESDAY, 0.25, EXPIRATION)))
    assert IvPercentile.objects.get(date=TUESDAY).data_points == 0
    rows = eod_rows(MONDAY, 0.20, EXPIRATION) + eod_rows(TUESDAY, 0.25, EXPIRATION)
    call_command("import_chain", written(*rows))
    assert IvPercentile.objects.get(date=TUESDAY).data_points == 1


def test_a_file_older_than_retention_is_counted_and_told_which_clock_to_set(written, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_chain", written(*eod_rows(date(2018, 2, 5), 0.30, date(2018, 3, 7))))
    told = capsys.readouterr().out
    assert "1 snapshots of 6 contracts were not stored" in told
    offset = int(told.partition("CLOCK_OFFSET_MS=")[2].split()[0])
    reached = datetime.now(UTC) + timedelta(milliseconds=offset)
    closed = datetime(2018, 2, 5, 21, 0, tzinfo=UTC)
    assert closed <= reached < closed + timedelta(days=1)
    assert not HistoricalGreeks.objects.exists()


def test_rows_that_are_no_contract_of_the_chain_are_counted_by_reason(written):
    good = eod_rows(MONDAY, 0.20, EXPIRATION)
    other_root = eod_rows(MONDAY, 0.20, EXPIRATION, strikes=[2900])[0].replace("SPXW", "XYZ")
    contradicting = eod_rows(MONDAY, 0.20, EXPIRATION, strikes=[2950])[0].replace(",2950,", ",2960,")
    settled = eod_rows(MONDAY, 0.20, date(2026, 11, 13), strikes=[2700])
    settled = [row.replace(",nan", ",0") for row in settled]
    rows = [*good, good[0], contradicting, *settled, "SPXW,2700", other_root]
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
    # Its volatility of 0 is none: ours stands, and the gamma it has all the same is the file's.
    assert (put["gamma"], put["greeks_source"], put["iv_status"]) == (0.0012, "provider", "ok")
    assert put["implied_volatility"] == pytest.approx(0.134, abs=0.005)
    assert put["delta"] == pytest.approx(-0.49, abs=0.02)
    # (0.0011 x 700 - 0.0012 x 800) x 100 x 6500.25² x 0.01
    assert float(GammaExposure.objects.get().total_gamma) == pytest.approx(-8_028_118, abs=1)


def test_without_open_interest_volume_is_the_weight_and_the_snapshot_says_so(written):
    rows = eod_rows(MONDAY, 0.20, EXPIRATION)
    header = eod_file.__defaults__[0].replace("openinterest", "something")
    call_command("import_chain", written(*rows, header=header))
    gamma = GammaExposure.objects.get()
    assert (gamma.oi_source, float(gamma.put_gamma / gamma.call_gamma)) == (
        "volume_proxy",
        pytest.approx(-1.5),
    )
    assert {row["open_interest"] for row in stored()} == {None}
