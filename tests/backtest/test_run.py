"""A backtest from the request to its stored statistics, interrupted, continued and canceled."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rich.console import Console

from backtest import run, store
from backtest.engine import backtest_symbol
from backtest.request import Request, from_json
from backtest.text import as_lines
from quant import sessions
from signals import market_view
from signals.anchors import REGULAR
from signals.detectors.registry import DETECTORS
from signals.scan.found import row_of
from signals.scan.scan import scan_session
from tests.ingestion.fixtures import at_market_time  # noqa: F401
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.models import Backtest, BacktestOutcome, BacktestSymbol
from web.backtests.detector_table import detector_rows

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
FIRST = REGULAR.before(market.LAST, 3)
DETECTOR_NAMES = tuple(one.name for one in DETECTORS)
NOW_MS = clock.epoch_ms(sessions.close_of(market.LAST)) + 2 * sessions.HOUR_MS


@pytest.fixture
def stored():
    for symbol in ("SPY", "QQQ"):
        market.watch(symbol)
        market.store_bars(symbol)
        market.store_gamma(symbol, REGULAR.before(FIRST, 2))
        market.store_flow(symbol, REGULAR.before(FIRST, 23))
    market.store_days(["SPY", "QQQ"], REGULAR.before(FIRST, 10))
    yield
    drop_partitions()


def request(*symbols: str) -> Request:
    return Request(
        symbols, DETECTOR_NAMES, FIRST, market.LAST, minimum=0.0, chance_entries=20, until_ms=NOW_MS
    )


def outcomes_of(backtest: Backtest) -> list[dict]:
    rows = BacktestOutcome.objects.filter(backtest=backtest).order_by(
        "symbol", "bar_end", "detector", "direction"
    )
    return [
        {name: value for name, value in row.items() if name not in ("id", "backtest_id")}
        for row in rows.values()
    ]


def finished(backtest: Backtest) -> Backtest:
    for symbol in run.start(backtest, NOW_MS):
        run.run_symbol(backtest.id, symbol, lambda: NOW_MS)
    assert run.finish(backtest.id, NOW_MS)
    backtest.refresh_from_db()
    return backtest


def test_firings_are_those_of_the_scanner(stored):
    found = backtest_symbol(request("SPY"), "SPY").rows
    expected, contexts = [], []
    for day in sessions.sessions(FIRST, market.LAST):
        open_ms, close_ms = (clock.epoch_ms(each(day)) for each in (sessions.open_of, sessions.close_of))
        view = market_view.read(["SPY"], open_ms, close_ms + sessions.HOUR_MS)
        signals = scan_session(view, "SPY", day, minimum=0.0).signals
        expected += [row_of(one) for one in signals]
        contexts += [one.contexts for one in signals]
    names = (
        "bar_end",
        "detector",
        "direction",
        "disposition",
        "reference_price",
        "stop",
        "final_score",
        "confluence",
    )
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in expected
    ]
    assert len(found) >= 5
    names = ("iv_rank", "iv_percentile", "positioning", "resistance", "support")
    assert [[row[name] for name in names] for row in found] == [
        [one.iv.rank, one.iv.percentile, one.gamma.positioning, one.gamma.resistance, one.gamma.support]
        for one in contexts
    ]
    assert all(row["support"] < row["resistance"] for row in found)


def test_an_interrupted_backtest_continues_with_the_same_result(stored):
    whole = finished(store.create(request("SPY", "QQQ"), "test", NOW_MS))

    class Killed(Exception):
        pass

    def kill(symbol: str, done: int, total: int) -> None:
        if (symbol, done) == ("QQQ", 2):
            raise Killed

    second = store.create(request("SPY", "QQQ"), "test", NOW_MS)
    for symbol in run.start(second, NOW_MS):
        if symbol == "SPY":
            run.run_symbol(second.id, symbol, lambda: NOW_MS)
        else:
            with pytest.raises(Killed):
                run.run_symbol(second.id, symbol, lambda: NOW_MS, kill)
    assert run.unfinished(second.id) == ["QQQ"]
    assert not run.finish(second.id, NOW_MS)
    assert run.lost_symbols(NOW_MS + run.LOST_AFTER_MS) == []
    assert run.lost_symbols(NOW_MS + run.LOST_AFTER_MS + 1) == [(second.id, "QQQ")]
    second = finished(second)
    assert outcomes_of(second) == outcomes_of(whole)
    assert (second.result, second.fingerprint, second.code_version) == (
        whole.result,
        whole.fingerprint,
        whole.code_version,
    )
    assert whole.outcomes == len(outcomes_of(whole)) == whole.result["firings"]


def test_a_canceled_backtest_ends_its_workers_and_can_be_resumed(stored, monkeypatch):
    monkeypatch.setattr(run, "LOOK_SECONDS", 0.0)
    backtest = store.create(request("SPY"), "test", NOW_MS)
    run.start(backtest, NOW_MS)

    def cancel(symbol: str, done: int, total: int) -> None:
        assert run.cancel(backtest.id, NOW_MS) is (done == 1)

    with pytest.raises(run.CanceledError, match=f"backtest {backtest.id} was canceled"):
        run.run_symbol(backtest.id, "SPY", lambda: NOW_MS, cancel)
    assert not BacktestOutcome.objects.exists()
    assert run.run_symbol(backtest.id, "SPY", lambda: NOW_MS) == "SPY: nothing to do"
    assert run.resume(backtest.id)
    backtest.refresh_from_db()
    assert finished(backtest).status == "done"


def test_a_changed_bar_changes_the_fingerprint(stored):
    first = backtest_symbol(request("SPY"), "SPY").fingerprint
    assert backtest_symbol(request("SPY"), "SPY").fingerprint == first
    from warehouse.models import HistoricalBar

    bar = HistoricalBar.objects.filter(symbol="SPY", timeframe="15m").latest("timestamp")
    HistoricalBar.objects.filter(id=bar.id).update(close=bar.close + 1)
    assert backtest_symbol(request("SPY"), "SPY").fingerprint != first


def test_a_warehouse_without_bars_has_a_result_without_numbers():
    market.watch("SPY")
    backtest = finished(store.create(request("SPY"), "test", NOW_MS))
    rows = backtest.result["populations"]["signals"]["detectors"]
    assert {row["win_rate"]["share"] for row in rows} == {None}
    assert {row["verdict"]["word"] for row in rows} == {None}
    assert backtest.result["sessions_with_data"] == 0
    assert backtest.result["no_data"]["breakout_bullish"] == {"bar": 4 * 26}
    assert "NaN" not in json.dumps(backtest.result)


def test_the_command_prints_records_that_programs_read(stored, at_market_time):  # noqa: F811
    at_market_time(dt.datetime(2026, 11, 26, 18, 0, tzinfo=dt.UTC))
    out, err = StringIO(), StringIO()
    call_command(
        "backtest", "mean_reversion_long", symbols=["SPY"], first=FIRST, last=market.LAST, minimum_score=0.0,
        format="json", stdout=out, stderr=err,
    )  # fmt: skip
    found = json.loads(out.getvalue())
    (record,) = found["detectors"]
    assert {"detector", "winRate", "profitFactor", "totalTrades", "byRegime"} <= set(record)
    assert record["detector"] == "mean_reversion_long"
    backtest = Backtest.objects.get(id=found["backtest"])
    assert from_json(backtest.request).until_ms == backtest.created_at
    assert BacktestSymbol.objects.get(backtest=backtest).sessions_done == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"symbols": ["XYZ"]}, "XYZ is not watched"),
        (
            {"detectors": ["breakout"]},
            "'breakout' is no detector; there are .*, sweep_confirmation. momentum_breakout is another name of "
            "breakout_bullish and breakout_bearish.",
        ),
        ({"first": dt.date(2026, 11, 20), "last": dt.date(2026, 11, 10)}, "before it begins"),
        ({"first": dt.date(2026, 11, 21), "last": dt.date(2026, 11, 22)}, "no session between"),
        ({"last": dt.date(2026, 12, 1)}, "has not ended"),
        ({"minimum_score": 200.0}, "The least score is 200"),
        ({"resume": 99}, "There is no backtest 99"),
        ({"cancel": 99}, "no unfinished backtest 99"),
    ],
)
def test_a_request_that_cannot_be_run_is_refused_in_one_sentence(options, sentence, at_market_time):  # noqa: F811
    at_market_time(dt.datetime(2026, 11, 26, 18, 0, tzinfo=dt.UTC))
    market.watch("SPY")
    with pytest.raises(CommandError, match=sentence):
        call_command("backtest", *options.pop("detectors", []), **options)
    assert not Backtest.objects.exists()


def test_a_detector_that_does_not_run_on_the_symbols_is_named_as_such(stored):
    market.watch("ACME", "stock")
    market.store_bars("ACME")
    backtest = finished(store.create(request("ACME"), "test", NOW_MS))
    out = StringIO()
    for line in as_lines(backtest):
        Console(file=out, width=200).print(line)
    words = {
        row.split("│")[1].strip(): row.split("│")[-2].strip()
        for row in out.getvalue().splitlines()
        if "│" in row
    }
    assert words["gamma_flip_bullish"] == "not for these symbols"
    assert words["sweep_confirmation"].startswith("no data: flow")
    badges = {row.name: (row.badge, row.why) for row in detector_rows(backtest.result, "signals")}
    assert badges["gamma_flip_bullish"] == ("NOT USED", "not for these symbols")
    assert badges["sweep_confirmation"][1].startswith("no data: flow")
