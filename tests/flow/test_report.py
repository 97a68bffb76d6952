"""`manage.py flow_report`: sums of the summary function, five-minute buckets and the newest trades."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from flow.history import gaps
from flow.report import flow_report
from flow.storing.cancels import ContractDay, match
from quant.sessions import DAY_MS
from tests.flow.trades import CALL, NOON_MS, PUT, make_batch, process
from warehouse import clock
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

MINUTE = 60_000
NAN = float("nan")
BOUGHT, SOLD, ISO, CANCELED = {"price": 1.10}, {"price": 1.00}, {"condition": 219}, {"condition": 203}


@pytest.fixture
def stored_trades() -> None:
    """A bought call sweep of $11,000, a bought put of $22,000 seven minutes before, a cancel with its trade."""
    process(
        make_batch(
            {**BOUGHT, "contract_ticker": PUT, "size": 200, "timestamp_ms": NOON_MS - 7 * MINUTE},
            {**BOUGHT, **ISO, "size": 100, "timestamp_ms": NOON_MS - 3},
            {**SOLD, "size": 77, "timestamp_ms": NOON_MS - 2},
            {**SOLD, **CANCELED, "size": 77, "timestamp_ms": NOON_MS - 1},
            {**BOUGHT, "size": 999, "timestamp_ms": NOON_MS - 16 * MINUTE},
        )
    )
    match([ContractDay("SPX", CALL, NOON_MS - NOON_MS % DAY_MS)])


def command_output(*arguments: str) -> str:
    out = StringIO()
    call_command("flow_report", *arguments, stdout=out)
    return out.getvalue()


def test_sums_cover_the_window_without_cancels(stored_trades):
    report = flow_report("SPX", 15, clock.now_ms())
    summary = report.summary
    assert (summary.total_sweeps, summary.bullish_sweeps, summary.bearish_sweeps) == (1, 1, 0)
    assert (summary.total_premium, summary.smart_money_bias) == (Decimal(33_000), "BULLISH")
    assert [(bucket.bullish, bucket.bearish) for bucket in report.buckets] == [
        (0, 0),
        (0, 22_000),
        (11_000, 0),
        (0, 0),
    ]
    assert [row.sequence_number for row in report.trades] == [4, 3, 2, 1]


def test_number_of_listed_trades_is_an_argument(stored_trades):
    assert [row.sequence_number for row in flow_report("SPX", 15, clock.now_ms(), trades=2).trades] == [4, 3]


def test_command_shows_summary_bar_chart_and_trades(stored_trades, settings):
    settings.SIMULATED = True
    lines = command_output("spx", "--minutes", "15").splitlines()
    assert lines[0] == "SPX, the last 15 minutes to 12:00:01 New York  SIMULATED"
    assert lines[1] == (
        "premium $33,000, sweeps 1 (1 bullish, 0 bearish): BULLISH (side known for 100% of the sweeps' premium)"
    )
    text = "\n".join(lines)
    assert "22.0k" + " " + "█" * 24 in " ".join(text.split())
    assert "█" * 12 + " 11.0k" in " ".join(text.split())
    newest = next(line for line in lines if line.endswith("cancel") or "cancel " in line)
    assert newest.split()[:4] == ["11:59:59", "SPXW261218C06500000", "77", "1"]
    assert "SWEEP buy BULLISH" in " ".join(text.split())


def test_the_report_says_for_how_much_of_the_flow_the_side_is_known(stored_trades):
    unquoted = {"bid": NAN, "ask": NAN, "quote_age_ms": NAN}
    process(
        make_batch(
            {**BOUGHT, **unquoted, "sequence_number": 9, "size": 600, "timestamp_ms": NOON_MS - MINUTE}
        )
    )
    lines = command_output("SPX", "--minutes", "15").splitlines()
    assert lines[2:5] == [
        "side known by premium 33% (stream 33%, requested 0%), trades 67% (stream 67%, requested 0%),"
        " sweeps and large trades 50% (stream 50%, requested 0%)",
        "quotes of 1 trades are still to be requested",
        "the quote rule is right in 57-64 % of trades (published)",
    ]


def test_gaps_in_the_window_are_listed_with_their_state(stored_trades):
    """Without the gaps a reader could take missing trades for a quiet market."""
    gaps.record_gap("options", NOON_MS - 60 * MINUTE, NOON_MS - 59 * MINUTE, "before the window")
    repaired = gaps.record_gap("options", NOON_MS - 9 * MINUTE, NOON_MS - 8 * MINUTE, "connection lost")
    gaps.close_gap(repaired, repaired=7, unrepairable=2, now_ms=NOON_MS)
    gaps.record_gap("options 2/2", NOON_MS - MINUTE, None, "silent")
    named = [line for line in command_output("SPX", "--minutes", "15").splitlines() if line.startswith("gap")]
    assert named == [
        "gap of options from 11:51:00 to 11:52:00 (connection lost): 7 trades were fetched later,"
        " trades of 2 contracts are still missing",
        "gap of options 2/2 from 11:59:00 to now (silent): not repaired yet",
    ]


@pytest.mark.parametrize(
    ("trade_", "side"),
    [
        ({"price": 1.10}, "buy"),
        ({"price": 1.00}, "sell"),
        ({"bid": 0.95, "ask": 1.15}, "mid"),
        ({"bid": float("nan"), "ask": float("nan"), "quote_age_ms": float("nan")}, "no quote"),
        ({"bid": 1.20}, "crossed"),
        ({"quote_age_ms": 5001.0}, "stale quote"),
        ({"condition": 232}, "multi leg"),
        ({"condition": 203}, "cancel"),
        ({"condition": 202}, "late"),
        ({"condition": 247}, "not market"),
        ({"condition": 999, "quote_age_ms": 5001.0}, "stale quote"),
        ({"condition": 209, "conditions": "209,232"}, "multi leg"),
    ],
)
def test_trades_are_listed_with_their_side_or_the_reason_for_none(trade_, side):
    process(make_batch({"timestamp_ms": NOON_MS - 1, **trade_}))
    assert flow_report("SPX", 15, clock.now_ms()).sides == [side]


def test_symbol_without_trades_gets_one_sentence():
    add_default_symbols(["QQQ"])
    assert "No trades were stored in this time." in command_output("QQQ")


def test_a_symbol_that_is_neither_watched_nor_stored_is_rejected():
    sentence = "'QQQ' is not on the watchlist and has no rows in options_flow_history: name a symbol of the watchlist."
    with pytest.raises(CommandError) as error:
        command_output("QQQ")
    assert str(error.value) == sentence


@pytest.mark.parametrize("arguments", [("--minutes", "0"), ("--minutes", "1441"), ("--trades", "0")])
def test_invalid_arguments_are_rejected(arguments):
    with pytest.raises(CommandError, match=f"{arguments[0]} must be"):
        command_output("SPX", *arguments)


def test_unknown_premiums_are_counted_and_in_no_sum():
    """Adjusted contracts of which no chain is stored."""
    add_default_symbols(["AMD"])
    adjusted = {**BOUGHT, "contract_ticker": "O:AMD1261218C00100000", "timestamp_ms": NOON_MS - 1}
    process(make_batch({**adjusted, "timestamp_ms": NOON_MS - 7 * MINUTE}, adjusted))
    report = flow_report("AMD", 15, clock.now_ms())
    assert (report.summary.total_premium, report.unknown_premiums) == (None, 2)
    assert [bucket.bullish for bucket in report.buckets] == [0, None, None, 0]
    assert "premium unknown, that of 2 trades is unknown, sweeps 0" in command_output(
        "AMD", "--minutes", "15"
    )
    process(make_batch({**adjusted, "contract_ticker": "O:AMD261218C00100000", "size": 100}))
    report = flow_report("AMD", 15, clock.now_ms())
    assert (report.summary.total_premium, report.unknown_premiums) == (Decimal(11_000), 2)
    assert [bucket.bullish for bucket in report.buckets] == [0, None, 11_000, 0]
    text = command_output("AMD", "--minutes", "15")
    assert "premium $11,000, that of 2 trades is unknown, sweeps 0" in text
