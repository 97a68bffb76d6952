"""The stored patterns: seeds, what the scanner reads of them, and matches that are stored once per session."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command

from signals.patterns import library
from signals.patterns.conditions import parse
from signals.patterns.fields import FIELDS
from signals.patterns.matching import FoundMatch, PatternRule
from signals.patterns.seeds import SEEDS, add_seeds
from tests.roles import as_role
from warehouse.models import Pattern, PatternMatch

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY = dt.date(2026, 11, 24)
AT_MS = 1_795_536_000_000


def match(number: int, bar_end: int = AT_MS) -> FoundMatch:
    rule = PatternRule(number, "one", parse(SEEDS[2].conditions))
    return FoundMatch(rule, 0, bar_end, {"positioning": "NEUTRAL", "put_wall_distance": None})


def test_seeds_are_added_once_and_edits_are_kept():
    assert add_seeds() == 6
    Pattern.objects.filter(name="put_wall_support").update(status="paused")
    Pattern.objects.filter(name="call_wall_resistance").delete()
    assert add_seeds() == 1
    assert Pattern.objects.get(name="put_wall_support").status == "paused"
    assert Pattern.objects.filter(historical_win_rate=None).count() == 6


def test_only_active_patterns_are_read_and_unusable_ones_are_named():
    add_seeds()
    Pattern.objects.filter(name="put_wall_support").update(status="paused")
    old = {"all": [{"field": "rsi7", "op": "gt", "value": 1}]}
    Pattern.objects.filter(name="gamma_squeeze_setup").update(conditions=old)
    found = library.read()
    assert [one.name for one in found.patterns] == [
        "call_wall_resistance",
        "institutional_sweep_confirmation",
        "iv_crush_pre_earnings",
    ]
    assert found.refused == {"gamma_squeeze_setup": "all[0]: there is no field rsi7; the nearest is rsi14."}


def test_a_match_is_stored_once_per_pattern_symbol_and_session():
    first, second = (
        Pattern.objects.create(name=name, description="", conditions={}, status="active").pk for name in "ab"
    )
    with as_role("warehouse_writer"):
        assert library.store("SPX", DAY, [match(first)]) == 1
        assert library.store("SPX", DAY, [match(first, AT_MS + 1), match(second, AT_MS + 1)]) == 1
        assert library.store("SPY", DAY, [match(first)]) == 1
        assert library.store("SPX", DAY + dt.timedelta(days=1), [match(first)]) == 1
    stored = PatternMatch.objects.filter(symbol="SPX", date=DAY).order_by("bar_end")
    assert list(stored.values_list("pattern_id", "bar_end")) == [(first, AT_MS), (second, AT_MS + 1)]
    assert stored[0].values == {"positioning": "NEUTRAL", "put_wall_distance": None}


def test_the_command_lists_every_field_with_its_range():
    output = io.StringIO()
    call_command("signals_fields", stdout=output)
    lines = {line.split()[0]: " ".join(line.split()) for line in output.getvalue().splitlines()}
    assert {field.name for field in FIELDS} <= set(lines)
    assert lines["rsi14"] == "rsi14 number points 0 to 100 relative strength index of 14 bars"
    assert lines["agree"].startswith("agree flag true or false")
