"""Options of the commands that no run can have: one sentence, and nothing is stored."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.signals import market
from warehouse.models import Backtest, Optimization

pytestmark = [pytest.mark.database, pytest.mark.django_db]
BACKTEST = ("backtest", "breakout_bullish", "--symbols=SPY")
OPTIMIZE = ("optimize_confluence", "--symbols=SPY")


@pytest.fixture(autouse=True)
def watched(at_market_time):
    at_market_time(dt.datetime(2026, 11, 26, 18, 0, tzinfo=dt.UTC))
    market.watch("SPY")


@pytest.mark.parametrize(
    ("command", "option", "sentence"),
    [
        (BACKTEST, "--days=99999999999", "argument --days: write a whole number, 0 to 36,500"),
        (BACKTEST, "--days=-1", "argument --days: write a whole number, 0 to 36,500"),
        (BACKTEST, "--days=" + "9" * 5000, "argument --days: write a whole number, 0 to 36,500"),
        (BACKTEST, "--days=1.5", "argument --days: write a whole number, 0 to 36,500"),
        (BACKTEST, "--days=36500", "it can begin on 1994-01-01 at the earliest."),
        (BACKTEST, "--minimum-score=nan", "argument --minimum-score: write a number, 0 to 100"),
        (BACKTEST, "--minimum-score=inf", "argument --minimum-score: write a number, 0 to 100"),
        (BACKTEST, "--minimum-score=-1", "argument --minimum-score: write a number, 0 to 100"),
        (BACKTEST, "--spread-share=nan", "argument --spread-share: write a number, 0 to 1"),
        (BACKTEST, "--option-commission=inf", "argument --option-commission: write a number, 0 to 100"),
        (BACKTEST, "--option-commission=100", "and costs 0 to 100 dollars."),
        (BACKTEST, "--seed=-1", "argument --seed: write a whole number, 0 to 2,147,483,647"),
        (BACKTEST, "--seed=99999999999", "argument --seed: write a whole number, 0 to 2,147,483,647"),
        (BACKTEST, "--resume=0", "argument --resume: write a whole number, 1 to"),
        (BACKTEST, "--resume=99999999999999999999", "argument --resume: write a whole number, 1 to"),
        (BACKTEST, "--cancel=-1", "argument --cancel: write a whole number, 1 to"),
        (BACKTEST, "--delete=99999999999999999999", "argument --delete: write a whole number, 1 to"),
        (OPTIMIZE, "--days=99999999999", "argument --days: write a whole number, 1 to 36,500"),
        (OPTIMIZE, "--days=0", "argument --days: write a whole number, 1 to 36,500"),
        (OPTIMIZE, "--days=8500", "it can begin on 1994-01-01 at the earliest."),
        (
            OPTIMIZE,
            "--days=36500",
            "The exchange calendar has no 36,499 sessions before 2026-11-25.",
        ),
        (OPTIMIZE, "--target=nan", "argument --target: write a number, 0 to 1"),
        (OPTIMIZE, "--target=1", "The target win rate is 1: give more than 0 and less than 1."),
        (OPTIMIZE, "--least-signals=nan", "argument --least-signals: write a number, 0 to 1,000"),
        (OPTIMIZE, "--most-signals=inf", "argument --most-signals: write a number, 0 to 1,000"),
        (OPTIMIZE, "--most-signals=0", "Limits of signals a session must be above 0, and 1,000 at most."),
        (OPTIMIZE, "--least-outcomes=0", "argument --least-outcomes: write a whole number, 1 to 100,000"),
        (OPTIMIZE, "--folds=1", "argument --folds: write a whole number, 2 to 20"),
        (OPTIMIZE, "--least-train=-5", "argument --least-train: write a whole number, 1 to 2,000"),
        (OPTIMIZE, "--population=1000000", "argument --population: write a whole number, 10 to 1,000"),
        (OPTIMIZE, "--generations=1000000", "argument --generations: write a whole number, 1 to 1,000"),
        (OPTIMIZE, "--seed=-1", "argument --seed: write a whole number, 0 to 2,147,483,647"),
        (OPTIMIZE, "--resume=0", "argument --resume: write a whole number, 1 to"),
        (OPTIMIZE, "--cancel=99999999999999999999", "argument --cancel: write a whole number, 1 to"),
    ],
)
def test_an_option_outside_its_limits_is_refused_in_one_sentence(command, option, sentence):
    with pytest.raises(CommandError) as caught:
        call_command(*command, option)
    assert sentence in str(caught.value)
    assert not Backtest.objects.exists()
    assert not Optimization.objects.exists()


@pytest.mark.parametrize("first", ["0001-01-01", "1990-01-01", "1993-12-31"])
def test_a_range_before_the_history_of_features_is_refused(first):
    with pytest.raises(CommandError, match="it can begin on 1994-01-01 at the earliest"):
        call_command(*BACKTEST, f"--from={first}", "--to=1994-03-01")
    assert not Backtest.objects.exists()


def test_the_earliest_range_can_be_tested():
    call_command(*BACKTEST, "--from=1994-01-01", "--to=1994-01-05")
    assert Backtest.objects.get().status == "done"


@pytest.mark.parametrize(
    "instant",
    ["0001-01-01T00:00", "1950-01-01T10:00", "1994-01-01T10:00", "2099-01-01T10:00", "9999-12-31T23:59"],
)
def test_a_scan_outside_of_the_calendar_is_refused(instant):
    with pytest.raises(
        CommandError, match="is out of range: write an instant after 1994-01-01, up to 2098-12-31"
    ):
        call_command("scan", "SPY", f"--as-of={instant}")


@pytest.mark.parametrize("instant", ["1994-01-02T10:00", "2098-12-31T23:59"])
def test_a_scan_at_the_ends_of_the_calendar_finds_no_bar(instant):
    with pytest.raises(CommandError, match="No bar of SPY in the session of"):
        call_command("scan", "SPY", f"--as-of={instant}")
