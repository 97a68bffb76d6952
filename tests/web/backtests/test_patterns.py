"""Patterns of the library on the page of a backtest and in what the command prints."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from backtest.text import as_lines, as_records
from signals.patterns.seeds import add_seeds
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import DAY, NOW, asked, finished, outcome, watch, words
from warehouse.models import Backtest

pytestmark = [pytest.mark.database]


@pytest.fixture
def backtest(at_market_time, transactional_db) -> Backtest:
    """Two outcomes on whose bar a pattern held, one of them a winner."""
    at_market_time(NOW)
    watch()
    add_seeds()
    asked_for = asked("SPY")
    held = {"patterns": ["put_wall_support"]}
    return finished(asked_for, [outcome(asked_for, DAY, bar, r, **held) for bar, r in ((3, 1.5), (9, -1.0))])


def test_the_page_has_a_row_per_active_pattern(backtest):
    answer = logged_in(member("viewer")).get(f"/backtests/{backtest.pk}/")
    rows = {row.name: row for row in answer.context["patterns"]}
    assert len(rows) == 5  # dark_pool_accumulation is never evaluated
    wall = rows["put_wall_support"]
    assert (wall.outcomes, wall.win_rate.text, wall.interval, wall.chance) == (
        "2",
        "50.0 %",
        "9 to 91 %",
        "42.0 %",
    )
    assert (wall.badge, rows["call_wall_resistance"].outcomes) == ("TOO FEW", "0")
    assert "put_wall_support 2 50.0 % 9 to 91 % 42.0 % TOO FEW" in words(answer)


def test_the_command_prints_patterns_and_gives_them_to_programs(backtest):
    out = io.StringIO()
    console = Console(file=out, width=160)
    for line in as_lines(backtest):
        console.print(line)
    assert "put_wall_support" in out.getvalue()
    assert "not different from chance, too few" in out.getvalue()
    records = {one["pattern"]: one["total"]["win_rate"]["n"] for one in as_records(backtest)["patterns"]}
    assert records["put_wall_support"] == 2
