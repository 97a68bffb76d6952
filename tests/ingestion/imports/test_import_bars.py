"""Import of bars from CSV files: what is stored, reading as of past instants, retention, and the command."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from quant import sessions
from quant.sessions import DAY_MS, NEW_YORK
from tests.roles import as_role, run
from warehouse import clock, partitions, retention, watchlist
from warehouse.asof import adjusted_bars, bars
from warehouse.models import CorporateAction, HistoricalBar, IngestionRun, WatchlistEntry
from warehouse.partitions import Action

pytestmark = [pytest.mark.database, pytest.mark.django_db]

# A split of 2:1 on Thursday 27 May 1999; Monday 31 May 1999 was Memorial Day.
DAILY = """date,open,high,low,close,volume
1999-05-24,232,236,231,233,100
1999-05-25,233,235,229,230,200
1999-05-26,230,237,229,235.5,300
1999-05-27,116.69,118,114,115,500
1999-05-28,115,117,113,116,400
1999-06-01,116,116.5,111,112,600
"""
SPLITS = "symbol,ex_date,split_from,split_to\nIBM,1999-05-27,1,2\n"


def new_york(text: str) -> int:
    return clock.epoch_ms(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


@pytest.fixture
def load(tmp_path: Path):
    """Return a function that imports a text as a file of IBM, and returns what the command prints."""
    watchlist.add_default_symbols(["IBM"])

    def call(text: str, *options: str, name: str = "daily_IBM.csv", splits: str = "") -> str:
        path, output = tmp_path / name, StringIO()
        path.write_text(text, encoding="utf-8")
        if splits:
            (tmp_path / "splits.csv").write_text(splits, encoding="utf-8")
            options = (*options, "--splits", str(tmp_path / "splits.csv"))
        call_command("import_bars", str(path), *options, stdout=output)
        return output.getvalue()

    return call


def test_daily_bars_are_stored_as_history_with_their_source(load):
    load(DAILY, splits=SPLITS)
    row = HistoricalBar.objects.get(symbol="IBM", timeframe="1d", timestamp=new_york("1999-05-27"))
    assert (str(row.open), str(row.high), str(row.low), str(row.close)) == ("116.69", "118", "114", "115")
    assert (row.volume, row.vwap, row.transactions) == (500.0, None, None)
    assert (row.source, row.is_adjusted) == ("import", False)
    assert row.known_at == new_york("1999-05-27T16:00:30")


def test_a_past_reader_sees_the_bars_and_splits_that_were_known_then(load):
    load(DAILY, splits=SPLITS)
    first, last = new_york("1999-05-24"), new_york("1999-06-01")
    with as_role("warehouse_reader"):
        run("SELECT set_config('warehouse.as_of_ms', %s, true)", str(new_york("1999-05-26T16:00:30")))
        seen = bars.read("IBM", "1d", first, last)
    assert seen.close.tolist() == [233.0, 230.0, 235.5]
    before = adjusted_bars.read("IBM", "1d", first, last, new_york("1999-05-26T23:00"))
    assert before.close.tolist() == [233.0, 230.0, 235.5, 115.0, 116.0, 112.0]
    after = adjusted_bars.read("IBM", "1d", first, last, new_york("1999-05-27T10:00"))
    assert after.close.tolist() == [116.5, 115.0, 117.75, 115.0, 116.0, 112.0]
    assert after.volume.tolist() == [200.0, 400.0, 600.0, 500.0, 400.0, 600.0]
    split = CorporateAction.objects.get(symbol="IBM", kind="split")
    assert (split.source, split.known_at) == ("import", new_york("1999-05-26T16:00"))


def test_whole_weeks_are_summed_per_share_of_their_end(load):
    load(DAILY, splits=SPLITS)
    week = HistoricalBar.objects.get(symbol="IBM", timeframe="1w")  # the week of 1 June is not whole
    assert week.timestamp == new_york("1999-05-24")
    assert (week.open, week.high, week.low, week.close) == (116, 118.5, 113, 116)
    assert (week.volume, week.source) == (2100.0, "import")


def test_an_import_can_be_repeated_and_never_replaces_stored_bars(load):
    load(DAILY, splits=SPLITS)
    again = load(DAILY.replace("115,117,113,116,400", "115,117,113,116.5,400"), splits=SPLITS)
    assert "splits: 0 new, 1 already stored" in again
    assert "6 sessions from 1999-05-24 to 1999-06-01; 0 new" in again
    assert "1 bars differ from stored ones, which stay" in again
    assert HistoricalBar.objects.filter(symbol="IBM", timeframe="1d").count() == 6
    stored = HistoricalBar.objects.get(timeframe="1d", timestamp=new_york("1999-05-28"))
    assert stored.close == 116
    ledger = IngestionRun.objects.get(task="import_bars_1d", symbol="IBM")
    assert (ledger.status, ledger.rows, ledger.slot) == ("DONE", 6, new_york("1999-06-01"))


def test_minute_bars_give_longer_ones_and_leave_out_other_hours(load):
    rows = ["2013-10-04T08:28,5,5,5,5,9"]
    rows += [f"2013-10-04T09:{30 + m}:00,{100 + m},{101 + m},{99 + m},{100.5 + m},10" for m in range(29)]
    rows += ["2013-10-04T15:59,90,91,89,90,7", "2013-10-04T16:00,5,5,5,5,9"]
    text = "\n".join(["time_new_york,open,high,low,close,volume", *rows])
    assert "2 rows outside the session left out" in load(text, name="minute_IBM_2013-10.csv")
    found = bars.read("IBM", "1m", new_york("2013-10-04"), new_york("2013-10-05"))
    assert len(found) == 30
    assert found.start_ms[[0, -1]].tolist() == [new_york("2013-10-04T09:30"), new_york("2013-10-04T15:59")]
    quarters = bars.read("IBM", "15m", new_york("2013-10-04"), new_york("2013-10-05"))
    assert quarters.start_ms.tolist() == [
        new_york(f"2013-10-04T{clock}") for clock in ("09:30", "09:45", "15:45")
    ]
    assert quarters.open.tolist() == [100.0, 115.0, 90.0]
    assert quarters.close.tolist() == [114.5, 128.5, 90.0]
    assert quarters.volume.tolist() == [150.0, 140.0, 7.0]
    counts = {frame: HistoricalBar.objects.filter(timeframe=frame).count() for frame in ("5m", "1h", "4h")}
    assert counts == {"5m": 7, "1h": 2, "4h": 2}
    known = HistoricalBar.objects.get(timeframe="15m", timestamp=new_york("2013-10-04T09:45"))
    assert (known.source, known.known_at) == ("import", new_york("2013-10-04T10:00:30"))


def test_times_in_utc_are_those_of_the_same_instants(load):
    load("time_utc,open,high,low,close\n2013-10-04T13:31,1,1,1,1\n", name="minute_IBM.csv")
    stored = HistoricalBar.objects.get(timeframe="1m")
    assert (stored.timestamp, stored.volume) == (new_york("2013-10-04T09:31"), None)


def test_the_calendar_has_no_session_from_11_to_14_september_2001(load):
    assert sessions.sessions(dt.date(2001, 9, 10), dt.date(2001, 9, 17)) == [
        dt.date(2001, 9, 10),
        dt.date(2001, 9, 17),
    ]
    days = ("2001-09-07", "2001-09-10", "2001-09-12", "2001-09-17")
    text = "\n".join(["date,open,high,low,close", *(f"{day},10,11,9,10" for day in days)])
    said = load(text)
    assert "3 bars of 3 sessions from 2001-09-07 to 2001-09-17" in said
    assert "1 rows on days without session left out" in said
    assert "sessions without a bar" not in said


def test_adjusted_prices_are_stored_as_traded(load):
    adjusted = DAILY.replace("230,237,229,235.5,300", "115,118.5,114.5,117.75,600")
    adjusted = adjusted.replace("232,236,231,233,100", "116,118,115.5,116.5,200")
    load(adjusted.replace("233,235,229,230,200", "116.5,117.5,114.5,115,400"), "--adjusted", splits=SPLITS)
    found = bars.read("IBM", "1d", new_york("1999-05-24"), new_york("1999-06-01"))
    assert found.close.tolist() == [233.0, 230.0, 235.5, 115.0, 116.0, 112.0]
    assert found.volume.tolist() == [100.0, 200.0, 300.0, 500.0, 400.0, 600.0]


def test_the_report_names_jumps_that_no_split_explains(load):
    said = load(DAILY.replace("115,117,113,116,400", "55,56,54,55,400"), splits=SPLITS)
    assert "1999-05-28: from 115 to 55" in said
    assert "1999-06-01: from 55 to 116" in said
    assert "1999-05-27: from" not in said


def test_imported_months_are_kept_and_bars_of_the_provider_in_them_are_not(load):
    load(DAILY, splits=SPLITS)
    now_ms, stamp = clock.now_ms(), new_york("1999-05-25T10:00")
    HistoricalBar.objects.create(
        symbol="SPY", timeframe="15m", timestamp=stamp, open=1, high=1, low=1, close=1, known_at=stamp
    )
    with as_role("warehouse_writer"):
        assert [action for action in partitions.plan(now_ms) if action.verb == "drop"] == []
        assert retention.delete_all_expired(now_ms) == {"historical_bars": 1}
        with (
            pytest.raises(DatabaseError, match="holds imported bars, which are kept"),
            transaction.atomic(),
        ):
            partitions.apply([Action("drop", "historical_bars", "historical_bars_m199905", 0, 0)], now_ms)
    assert HistoricalBar.objects.count() == 7


def test_a_month_whose_imported_bars_were_deleted_is_dropped(load):
    load(DAILY, splits=SPLITS)
    HistoricalBar.objects.filter(timestamp__lt=new_york("1999-05-31T20:00")).delete()
    dropped = [action.partition for action in partitions.plan(clock.now_ms()) if action.verb == "drop"]
    assert dropped == ["historical_bars_m199905"]


def test_only_months_from_1990_to_the_present_are_created():
    for first_ms, last_ms in ((new_york("1989-12-29"), new_york("1990-01-02")), (0, clock.now_ms() + DAY_MS)):
        with (
            pytest.raises(DatabaseError, match="imported bars begin in 1990 and end before the present"),
            transaction.atomic(),
        ):
            partitions.ensure_imported(first_ms, last_ms)


def test_an_unknown_symbol_is_refused_and_added_for_its_bars_only(load):
    with pytest.raises(CommandError, match="BAC is not on the watchlist: add it with --add"):
        load(DAILY, "--symbol", "bac")
    with pytest.raises(CommandError, match=r"The name of prices.csv has no symbol of the watchlist"):
        load(DAILY, name="prices.csv")
    load(DAILY, "--symbol", "bac", "--add")
    entry = WatchlistEntry.objects.get(symbol="BAC")
    assert (entry.ingest_chain, entry.ingest_flow, entry.kind) == (False, False, "stock")
    assert HistoricalBar.objects.filter(symbol="BAC", timeframe="1d").count() == 6


def test_splits_of_other_symbols_are_left_out_because_no_file_shows_them(load):
    said = load(DAILY, splits=f"{SPLITS}AIG,1999-07-30,4,5\n")
    assert "splits: 1 new, 0 already stored, 1 of other symbols left out" in said
    assert list(CorporateAction.objects.values_list("symbol", flat=True)) == ["IBM"]
