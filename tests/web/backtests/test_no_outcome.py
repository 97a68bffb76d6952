"""What a backtest says about signals without an outcome."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from backtest.text import as_lines, as_records
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import DAY, NOW, asked, finished, outcome, watch, words

pytestmark = [pytest.mark.database]
NOTHING = {"entered_at": None, "entry": None, "exited_at": None, "exit": None, "chance_r": None}
MINUTES = NOTHING | {"detector": "opening_drive_bullish", "end": "NO_DATA", "reason": "minutes are missing"}
SENTENCE = "2 of 3 signals have no outcome (2 minutes are missing)."


@pytest.fixture
def backtest(at_market_time, transactional_db):
    """Breakouts, opening drives without minutes, two mean reversions of one bar, and a pin."""
    at_market_time(NOW)
    watch()
    names = ("breakout_bullish", "mean_reversion_long", "opening_drive_bullish", "index_mean_reversion_long",
             "eod_pin_setup")  # fmt: skip
    found = asked("SPY", detectors=names)
    rows = [
        outcome(found, DAY, 0, 1.4),
        outcome(found, DAY, 1, None, **NOTHING, end="EXPIRED", reason="gapped"),
        outcome(found, DAY, 2, None, **NOTHING, end="OPEN"),
        outcome(found, DAY, 3, None, **MINUTES),
        outcome(found, DAY, 4, None, **MINUTES),
        outcome(found, DAY, 5, -1.0, detector="opening_drive_bullish"),
        outcome(found, DAY, 6, -1.0, detector="mean_reversion_long"),
        outcome(found, DAY, 6, -1.0, detector="index_mean_reversion_long"),
        outcome(found, DAY, 7, None, detector="eod_pin_setup", outcome_kind="pin", end="EXPIRED", pnl=0.001),
    ]
    return finished(found, rows)


def test_the_page_says_how_many_signals_have_no_outcome_and_why(backtest):
    answer = logged_in(member("viewer")).get(f"/backtests/{backtest.pk}/")
    said = {row.name: row.no_outcome for row in answer.context["table"]}
    assert said == {
        "breakout_bullish": "2 of 3 without an outcome: 1 gapped, 1 still open",
        "opening_drive_bullish": "2 of 3 without an outcome: 2 minutes are missing",
        "mean_reversion_long": "",
        "index_mean_reversion_long": "",
        "eod_pin_setup": "",
    }
    assert answer.context["totals"] == (
        "Totals count 3 trades; not among them: 1 gapped, 1 still open, 2 minutes are missing,"
        " 1 with an outcome of another kind, 1 counted with another detector of the family."
    )
    assert said["opening_drive_bullish"] in words(answer)
    assert answer.context["totals"] in words(answer)


def test_the_command_and_the_records_say_it_too(backtest):
    out = StringIO()
    for line in as_lines(backtest):
        Console(file=out, width=200).print(line)
    assert f"opening_drive_bullish: {SENTENCE}" in out.getvalue()
    record = next(
        one for one in as_records(backtest)["detectors"] if one["detector"] == "opening_drive_bullish"
    )
    assert (record["totalSignals"], record["totalTrades"]) == (3, 1)
    assert record["noOutcome"] == {"minutes are missing": 2}


def test_a_result_without_these_numbers_is_shown_without_them(backtest):
    for one in backtest.result["populations"]["signals"]["detectors"]:
        del one["no_outcome"]
    backtest.save()
    answer = logged_in(member("viewer")).get(f"/backtests/{backtest.pk}/")
    assert {row.no_outcome for row in answer.context["table"]} == {""}
    assert answer.context["totals"] == ""
