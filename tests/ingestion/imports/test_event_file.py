"""Import of market events from CSV files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ingestion.imports.event_file import Imported, WrongEventFile, import_events
from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.models import MarketEvent, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

HEADER = "symbol,kind,date,timing,certainty,note\n"
APPLE = "aapl,earnings,2026-01-29,after close,confirmed,Q1\n"
FED = "*,FOMC,2026-01-28,DURING,CONFIRMED,\n"


@pytest.fixture
def load(tmp_path: Path):
    """Return a function that imports a text as a file, now."""

    def run(text: str) -> Imported:
        path = tmp_path / "events.csv"
        path.write_text(text, encoding="utf-8")
        return import_events(path, clock.now_ms())

    return run


def test_events_of_a_symbol_and_of_all_are_stored(load):
    assert load(HEADER + APPLE + FED) == Imported(2, 0, 0)
    columns = ("symbol", "kind", "date", "timing", "certainty", "note", "source", "withdrawn_at")
    assert list(MarketEvent.objects.order_by("symbol").values_list(*columns)) == [
        ("*", "FOMC", dt.date(2026, 1, 28), "DURING", "CONFIRMED", None, "import", None),
        ("AAPL", "EARNINGS", dt.date(2026, 1, 29), "AFTER_CLOSE", "CONFIRMED", "Q1", "import", None),
    ]


def test_unknown_is_unknown_and_a_date_without_a_word_is_estimated(load):
    load("symbol,kind,date\nAAPL,EARNINGS,2026-01-29\n")
    event = MarketEvent.objects.get()
    assert (event.timing, event.certainty, event.note) == ("UNKNOWN", "ESTIMATED", None)


def test_a_file_read_again_changes_nothing_and_a_correction_keeps_versions(load):
    load(HEADER + APPLE)
    assert load(HEADER + APPLE) == Imported(0, 0, 1)
    assert load(HEADER + APPLE.replace("after close", "before open")) == Imported(0, 1, 0)
    assert MarketEvent.objects.get().timing == "BEFORE_OPEN"
    earlier = SupersededRow.objects.get(table_name="market_events")
    assert earlier.key == {"symbol": "AAPL", "kind": "EARNINGS", "date": "2026-01-29"}
    assert earlier.row["timing"] == "AFTER_CLOSE"


def test_an_event_that_was_withdrawn_is_expected_again(load):
    load(HEADER + APPLE)
    MarketEvent.objects.update(withdrawn_at=1)
    assert load(HEADER + APPLE) == Imported(0, 1, 0)
    assert MarketEvent.objects.get().withdrawn_at is None


def test_a_past_event_is_known_from_the_day_that_the_file_says(load):
    load("symbol,kind,date,known_on\nAAPL,EARNINGS,2025-01-30,2025-01-06\n")
    expected = dt.datetime(2025, 1, 6, tzinfo=NEW_YORK)
    assert MarketEvent.objects.get().known_at == clock.epoch_ms(expected)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "$$,EARNINGS,2026-01-29",
            "line 2 has the symbol '$$': write a bare one, such as AAPL, of at most 16 characters, or *",
        ),
        (f"{'A' * 17},EARNINGS,2026-01-29", f"line 2 has the symbol '{'A' * 17}': write a bare one"),
        (f"{'A' * 5000},EARNINGS,2026-01-29", f"line 2 has the symbol '{'A' * 39}…': write a bare one"),
        (f"AAPL,{'P' * 5000},2026-01-29", f"line 2 has the kind '{'P' * 39}…': write one of EARNINGS"),
        (f"AAPL,EARNINGS,{'9' * 5000}", f"line 2 has the date '{'9' * 39}…': write it as 2026-01-29"),
        ("AAPL\0,EARNINGS,2026-01-29", "line 2 has the symbol 'AAPL\\x00': write a bare one"),
        ("*,EARNINGS,2026-01-29", "line 2 has earnings of all symbols: name one symbol"),
        ("AAPL,PARTY,2026-01-29", "line 2 has the kind 'PARTY': write one of EARNINGS, FOMC, CPI"),
        ("AAPL,EARNINGS,29.01.2026", "line 2 has the date '29.01.2026': write it as 2026-01-29"),
        ("AAPL,EARNINGS,2026-01-31", "line 2 has the date 2026-01-31, on which there is no session"),
        ("AAPL,EARNINGS,2026-01-29,soon", "line 2 has the timing 'soon': write one of BEFORE_OPEN"),
        ("AAPL,EARNINGS,2026-01-29\nAAPL,EARNINGS,2026-01-29", "line 3 is a second row of this symbol"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_stored(load, row, sentence):
    with pytest.raises(WrongEventFile, match="Nothing was stored") as caught:
        load(f"symbol,kind,date,timing\n{row}\nSPY,OTHER,2026-01-29\n")
    assert sentence in str(caught.value)
    assert not MarketEvent.objects.exists()


def test_a_note_with_a_null_character_is_refused(load):
    with pytest.raises(WrongEventFile, match="line 2 has a null character in its note"):
        load("symbol,kind,date,note\nAAPL,EARNINGS,2026-01-29,Q1\0Q2\n")
    assert not MarketEvent.objects.exists()


def test_a_future_date_of_knowledge_is_refused(load):
    with pytest.raises(WrongEventFile, match="known_on 2090-01-03, which is in the future"):
        load("symbol,kind,date,known_on\nAAPL,EARNINGS,2090-01-30,2090-01-03\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ticker,when\nAAPL,2026-01-29\n", "has no column symbol, kind, date: the first line must name"),
        ("", "has no column symbol, kind, date"),
        ('symbol,kind,date\n"AAPL,EARNINGS\n', "is not a text file of comma-separated values"),
    ],
)
def test_a_file_without_the_columns_is_refused(load, text, sentence):
    with pytest.raises(WrongEventFile, match=sentence):
        load(text)


def test_the_command_reports_each_file_and_its_errors(tmp_path, capsys):
    good = tmp_path / "good.csv"
    good.write_text(HEADER + FED, encoding="utf-8")
    call_command("import_events", str(good))
    assert capsys.readouterr().out == "good.csv: 1 new, 0 changed, 0 unchanged\n"
    with pytest.raises(CommandError, match=r"missing\.csv cannot be read: No such file or directory"):
        call_command("import_events", str(tmp_path / "missing.csv"))
