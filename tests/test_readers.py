"""Facts are read for computing by `warehouse.asof` only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import ROOT, tracked_python_files
from warehouse import models

FACTS = {
    model._meta.db_table: model.__name__
    for model in (
        models.ContractSizeDay,
        models.CorporateAction,
        models.FlowSlot,
        models.GammaExposure,
        models.GammaSlot,
        models.HistoricalBar,
        models.HistoricalGreeks,
        models.IvPercentile,
        models.MarketEvent,
        models.MarketRegimeDay,
        models.OptionsFlow,
        models.SurfacePoint,
        models.TermDay,
    )
}
# Modules that read these tables, and for what. None of them computes a fact from what it reads.
ALLOWED = re.compile(
    r"""^warehouse/ | ^tests/ | ^simulator/
    | ^web/admin/                              # lists and pages of rows
    | ^flow/report\.py$ | ^ingestion/imports/series\.py$  # prints rows and counts
    | ^local/launch/recorded_time\.py$          # the newest stored time, before a start
    | ^ingestion/audit\.py$                    # compares rows with their recomputation
    | ^ingestion/(flow_sums|slot_sums)\.py$ | ^ingestion/daily/rollups\.py$  # INSERT ... SELECT of sums, and retention
    | ^flow/storing/(cancels|sequence_numbers|repair_update)\.py$            # match trades with stored ones
    | ^flow/history/(backfill|repair|rest_trades)\.py$                       # store each trade once
    | ^ingestion/backfill/rebuild/slot_store\.py$ | ^ingestion/imports/(slot|event_file)\.py$  # keep stored rows
    """,
    re.VERBOSE,
)
WRITES = {"bulk_create", "create"}


def facts_read(source: str) -> Iterator[str]:
    """Yield the tables that a module reads: in the text of SQL, or through the ORM."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", node.value)
            yield from (table for table in named if table in FACTS)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            manager = node.value
            if manager.attr in ("objects", "_default_manager") and node.attr not in WRITES:
                model = getattr(manager.value, "id", getattr(manager.value, "attr", ""))
                yield from (table for table, name in FACTS.items() if name == model)


def test_only_the_readers_read_facts_for_computing():
    found = {
        name: tables
        for path in tracked_python_files()
        if path.exists()
        and not ALLOWED.search(name := str(path.relative_to(ROOT)))
        and (tables := sorted(set(facts_read(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


def test_every_module_that_may_read_facts_does_so():
    """An entry of the list that is no longer needed is removed."""
    names = re.findall(r"[a-z_]+(?:/[a-z_()|]+)*(?:\\\.py)", re.sub(r"#.*", "", ALLOWED.pattern))
    listed = [re.compile(name) for name in names]
    reading = [
        str(path.relative_to(ROOT))
        for path in tracked_python_files()
        if path.exists() and any(facts_read(path.read_text(encoding="utf-8")))
    ]
    assert len(listed) >= 8
    assert [one.pattern for one in listed if not any(one.match(name) for name in reading)] == []


@pytest.mark.parametrize(
    "source",
    [
        "QUERY = 'SELECT 1 FROM historical_bars'",
        "cursor.execute('SELECT 1 FROM x JOIN gamma_slots USING (symbol)')",
        "cursor.execute(f'SELECT {names} FROM options_flow_history WHERE a')",
        "HistoricalGreeks.objects.filter(symbol=symbol)",
        "models.IvPercentile.objects.get()",
        "MarketRegimeDay._default_manager.first()",
    ],
)
def test_a_read_of_facts_is_detected(source):
    assert len(list(facts_read(source))) == 1


def test_writing_is_no_read():
    assert list(facts_read("GammaExposure.objects.bulk_create([])\n'INSERT INTO gamma_slots'")) == []
