"""Tables in the migrated database agree with the models: columns, comments, constraints, keys."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from tests.roles import run
from tests.warehouse.rows import add_gamma, add_greeks, add_iv, add_trade, ago
from warehouse.models import ContractListing, FetchedRange, IngestionRun, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.django_db]

MODELS = list(apps.get_app_config("warehouse").get_models())
BY_TABLE = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)


@BY_TABLE
def test_every_column_comment_is_stored_and_ends_with_a_unit(model):
    found = dict(
        run(
            "SELECT attname::text, col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            model._meta.db_table,
        )
    )
    assert found == {field.column: field.db_comment for field in model._meta.concrete_fields}
    assert all("; " in (comment or "") for comment in found.values()), found


@BY_TABLE
def test_column_types_match_the_model(model):
    found = dict(
        run(
            "SELECT attname::text,"
            " format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN '' ELSE ' NULL' END"
            " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            model._meta.db_table,
        )
    )
    assert found == {
        field.column: f"{field.db_type(connection)}{' NULL' if field.null else ''}"
        for field in model._meta.concrete_fields
    }


@BY_TABLE
def test_constraints_match_the_model(model):
    found = dict(
        run(
            "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('c', 'u', 'p') AND conname NOT LIKE '%%_pkey'",
            model._meta.db_table,
        )
    )
    constraints = [each for each in model._meta.constraints if not is_partial(each)]
    assert set(found) == {constraint.name for constraint in constraints}
    for constraint in constraints:
        if isinstance(constraint, models.UniqueConstraint):
            names = [model._meta.get_field(name).column for name in constraint.fields]
            columns = ", ".join('"timestamp"' if name == "timestamp" else name for name in names)
            assert found[constraint.name].endswith(f"({columns})")
            continue
        values = [
            value for _, among in constraint.condition.children if isinstance(among, list) for value in among
        ]
        numbers = all(isinstance(value, int) for value in values)
        one = r"(-?\d+)\D" if values and numbers else r"'([^']*)'::text"
        assert re.findall(one, found[constraint.name]) == [str(value) for value in values]


def is_partial(constraint):
    """Return whether PostgreSQL has a unique index in place of the constraint."""
    return isinstance(constraint, models.UniqueConstraint) and constraint.condition is not None


@pytest.mark.parametrize(
    "name", [each.name for model in MODELS for each in model._meta.constraints if is_partial(each)]
)
def test_partial_unique_constraints_are_unique_indexes(name):
    assert run("SELECT indisunique FROM pg_index WHERE indexrelid = %s::regclass", name) == [(True,)]


def test_identifier_columns_use_the_c_collation():
    collated = run(
        "SELECT DISTINCT attname::text FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"
        " JOIN pg_class t ON t.oid = a.attrelid WHERE t.relname = ANY(%s) AND c.collname = 'C'",
        [model._meta.db_table for model in MODELS],
    )
    assert {name for (name,) in collated} == {
        "symbol",
        "contract_ticker",
        "root",
        "task",
        "kind",
        "feed",
        "id",
        "batch_id",
        "table_name",
    }


def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


def _refused_by(constraint, add):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        add()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("trade_type", "MULTI"),
        ("sentiment", "bullish"),
        ("aggressiveness", ""),
        ("option_type", "C"),
        ("side", "mid"),
        ("source", "guess"),
    ],
)
def test_unknown_values_of_a_trade_are_rejected(column, value):
    _refused_by(f"options_flow_history_{column}_known", lambda: add_trade(ago(0), **{column: value}))


@pytest.mark.parametrize(
    ("column", "value"),
    [("iv_status", "maybe"), ("greeks_source", "vendor"), ("source", "LIVE"), ("option_type", "call ")],
)
def test_unknown_values_of_a_greeks_row_are_rejected(column, value):
    _refused_by(f"historical_greeks_{column}_known", lambda: add_greeks(ago(0), **{column: value}))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("dealer_positioning", "LONG"),
        ("expected_behavior", "CALM"),
        ("oi_source", "guess"),
        ("spot_source", "quote"),
    ],
)
def test_unknown_values_of_a_gamma_snapshot_are_rejected(column, value):
    def add():
        add_gamma(ago(0)).__class__.objects.update(**{column: value})

    _refused_by(f"gamma_exposure_snapshots_{column}_known", add)


@pytest.mark.parametrize("column", ["iv_rank", "iv_percentile"])
@pytest.mark.parametrize("value", [-0.01, 1.01, 68.0, float("nan")])
def test_a_rank_outside_0_to_1_is_rejected(column, value):
    _refused_by(f"iv_percentile_cache_{column}_fraction", lambda: add_iv("2026-11-20", **{column: value}))


def test_a_rank_may_be_null_zero_or_one():
    add_iv("2026-11-18", iv_rank=0.0, iv_percentile=1.0)
    add_iv("2026-11-19", iv_rank=None, iv_percentile=None)
    assert run("SELECT count(*) FROM iv_percentile_cache") == [(2,)]


def test_a_watchlist_entry_without_roots_is_rejected():
    def add():
        WatchlistEntry.objects.create(
            symbol="SPX", provider_symbol="I:SPX", kind="index", roots=[], active_since_ms=0
        )

    _refused_by("watchlist_roots_present", add)


def test_a_second_run_of_a_task_symbol_and_slot_is_rejected():
    def add():
        IngestionRun.objects.create(task="t", symbol="SPX", slot=1, status="DONE", started_at=1)

    add()
    _refused_by("ingestion_runs_key", add)


def test_a_fetched_range_is_there_once_per_symbol_kind_and_end_and_not_empty():
    def add(after_ms):
        FetchedRange.objects.create(kind="bars_5m", symbol="SPX", after_ms=after_ms, until_ms=10)

    add(1)
    _refused_by("fetched_range_key", lambda: add(2))
    _refused_by("fetched_range_order", lambda: add(10))


def test_a_contract_list_is_there_once_per_symbol_and_week():
    def add():
        ContractListing.objects.create(symbol="SPX", week="2026-11-16", known_as_of=1, series={}, rejected={})

    add()
    _refused_by("contract_listing_key", add)


def test_prices_are_stored_with_all_digits():
    row = add_trade(ago(0), price=0.05, premium=32.0 * 150 * 100, bid=0.1 + 0.2, underlying_price="6451.1234")
    stored = run(
        "SELECT price::text, premium::text, bid::text, underlying_price::text FROM options_flow_history"
    )
    assert stored == [("0.05", "480000.0", "0.30000000000000004", "6451.1234")]
    assert row.id is not None
