"""Market events of CSV files: stored, updated, and refused line by line."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ingestion.imports.market_events import import_events
from warehouse.models import MarketEvent, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

HEADER = "symbol,kind,date,timing,confirmed"


def stored():
    return list(MarketEvent.objects.order_by("date").values_list("symbol", "kind", "timing", "is_confirmed"))


def test_events_of_a_symbol_and_of_the_market_are_stored():
    imported = import_events([HEADER, "aapl,EARNINGS,2027-01-28,AFTER_CLOSE,yes", ",fomc,2027-01-29,,"])
    assert (imported.stored, imported.refused) == (2, ())
    assert stored() == [("AAPL", "EARNINGS", "AFTER_CLOSE", True), ("", "FOMC", "UNKNOWN", False)]


def test_an_event_that_exists_is_updated_and_its_former_version_kept():
    import_events([HEADER, "AAPL,EARNINGS,2027-01-28,,no"])
    known = MarketEvent.objects.get().known_at
    import_events([HEADER, "AAPL,EARNINGS,2027-01-28,AFTER_CLOSE,yes"])
    assert stored() == [("AAPL", "EARNINGS", "AFTER_CLOSE", True)]
    assert MarketEvent.objects.get().known_at == known
    assert SupersededRow.objects.get().row["timing"] == "UNKNOWN"


@pytest.mark.parametrize(
    "row",
    [
        "AAPL,PARTY,2027-01-28,AFTER_CLOSE,yes",
        "AAPL,EARNINGS,28.1.2027,AFTER_CLOSE,yes",
        "AAPL,EARNINGS,2027-01-28,NOON,yes",
        "AAPL,EARNINGS,2027-01-28,AFTER_CLOSE,maybe",
        "AAPL,EARNINGS",
    ],
)
def test_a_row_that_is_no_event_is_refused_with_its_line(row):
    imported = import_events([HEADER, row, "MSFT,EARNINGS,2027-01-28,AFTER_CLOSE,yes"])
    assert imported.stored == 1
    assert [sentence[:7] for sentence in imported.refused] == ["line 2:"]


def test_the_command_imports_a_file_and_names_a_missing_column(tmp_path):
    file = tmp_path / "events.csv"
    file.write_text(f"{HEADER}\nAAPL,EARNINGS,2027-01-28,AFTER_CLOSE,yes\n", encoding="utf-8")
    output = StringIO()
    call_command("import_events", str(file), stdout=output)
    assert output.getvalue() == "1 events stored, 0 rows refused\n"
    file.write_text("symbol,kind,date,timing\n", encoding="utf-8")
    with pytest.raises(CommandError, match="no column confirmed"):
        call_command("import_events", str(file))
    file.write_text(f"{HEADER}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_events", str(file), stdout=StringIO())
