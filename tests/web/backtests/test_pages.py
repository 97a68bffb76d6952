"""Pages of Strategy Backtesting: states, table of detectors, charts, comparison, export."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.contrib.auth.models import User

from backtest import run
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import (
    DAY,
    NOW,
    NOW_MS,
    asked,
    begun,
    busy,
    finished,
    outcome,
    short,
    watch,
    words,
)  # fmt: skip
from warehouse.models import BacktestSymbol

pytestmark = [pytest.mark.database]
CHARTS = ("equity", "rates", "hours", "scores", "excursions", "months")


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_an_empty_warehouse_says_what_to_do(market):
    assert "An operator can run one here." in words(logged_in(member("viewer")).get("/backtests/"))
    text = words(logged_in(member("operator")).get("/backtests/"))
    assert "No backtest yet Choose detectors and a range above." in text


def test_the_list_shows_the_newest_first_with_few_queries(market, django_assert_max_num_queries):
    waiting, running, failed, done = (asked("SPY") for _ in range(4))
    begun(running)
    BacktestSymbol.objects.filter(backtest=running).update(sessions_done=33)
    run.fail(failed.pk, "SPY: ValueError: no bars", NOW_MS + 5000)
    finished(done, [outcome(done, DAY, 3, 1.4)])
    viewer = logged_in(member("viewer"))
    with django_assert_max_num_queries(12):
        rows = viewer.get("/backtests/").context["rows"]
    assert [(row.pk, row.word, row.progress, row.signals) for row in rows] == [
        (done.pk, "DONE", "all sessions", 1),
        (failed.pk, "FAILED", "not started", None),
        (running.pk, "RUNNING", "33 of 66 sessions", None),
        (waiting.pk, "WAITING", "not started", None),
    ]
    assert (rows[0].range, rows[0].detectors) == ("24 Aug 2026 to 24 Nov 2026", "all 19 detectors")
    assert viewer.get("/backtests/rows.json").json()["live"] is True


def test_the_default_order_is_expectancy_then_few_then_other_kinds(market):
    rows = logged_in(member("viewer")).get(f"/backtests/{busy().pk}/").context["table"]
    assert [row.rank for row in rows] == sorted(row.rank for row in rows)
    enough = [row.cells[7].value for row in rows if row.rank == 0]
    assert enough == sorted(enough, reverse=True)
    assert [(row.title, row.badge, row.why) for row in rows if row.rank > 1] == [
        ("EOD pin setup", "OWN TABLE", "outcome is a distance to a strike"),
        ("IV crush", "OWN TABLE", "outcome is a change of volatility"),
        ("Sweep confirmation", "NO DATA", "warm-up, 3,432 bars"),
    ]
    assert {row.badge for row in rows if row.rank == 0} == {"ABOVE CHANCE", "NOT DIFFERENT"}
    assert {row.badge for row in rows if row.rank == 1} == {"TOO FEW", "NO SIGNAL"}


def test_one_outcome_and_no_losing_outcome_are_sensible(market):
    viewer = logged_in(member("viewer"))
    answer = viewer.get(f"/backtests/{short(1.4).pk}/")
    (row,) = answer.context["table"]
    assert [cell.text for cell in row.cells] == [
        "1", "100.0 %", "21 to 100 %", "100.0 %", "+0.28 %", "–", "no loss", "+1.40 R", "–",
    ]  # fmt: skip
    assert (row.badge, row.picture.is_hollow) == ("TOO FEW", True)
    assert "1 signal of 1 firing of SPY, 66 of 66 sessions with data," in words(answer)
    winners = short(*[1.0] * 31)
    (row,) = viewer.get(f"/backtests/{winners.pk}/").context["table"]
    assert (row.cells[1], row.cells[6].text) == (("▲ 100.0 %", 1.0, "positive"), "no loss")
    for pk in (winners.pk, winners.pk - 1):
        assert "nan" not in viewer.get(f"/backtests/{pk}/").content.decode().lower().split()
        for chart in CHARTS:
            document = viewer.get(f"/backtests/{pk}/{chart}.json").json()
            assert document["rows"]
            assert document["empty"] is None


def test_a_backtest_without_an_outcome_has_empty_charts(market):
    backtest = short()
    viewer = logged_in(member("viewer"))
    assert "0 signals of 0 firings" in words(viewer.get(f"/backtests/{backtest.pk}/"))
    for chart in CHARTS:
        document = viewer.get(f"/backtests/{backtest.pk}/{chart}.json").json()
        assert document["empty"]["reason"] == "No outcome of this choice has a profit or loss."


def test_running_canceled_and_failed_backtests_show_their_progress(market):
    operator = logged_in(member("operator"))
    backtest = asked("SPY", "QQQ")
    path = f"/backtests/{backtest.pk}/"
    assert "It waits for a worker of backtests." in words(operator.get(path))
    begun(backtest)
    BacktestSymbol.objects.filter(backtest=backtest, symbol="QQQ").update(sessions_done=22)
    document = operator.get(f"{path}progress.json").json()
    assert document["live"] is True
    assert "22 of 66 sessions, being tested" in document["html"]
    assert "Cancel" in words(operator.get(path))
    operator.post(f"{path}cancel/")
    text = words(operator.get(path))
    assert "CANCELED 22 of 132 sessions" in text
    assert "Continue" in text
    assert operator.get(f"{path}progress.json").json()["live"] is False
    assert operator.get(f"{path}equity.json").status_code == 404
    run.resume(backtest.pk)
    run.fail(backtest.pk, "QQQ: ValueError: <no> bars", NOW_MS)
    assert "QQQ: ValueError: <no> bars" in words(operator.get(path))


def test_guards_say_what_they_found(market):
    backtest = short(1.0)
    viewer = logged_in(member("viewer"))
    assert [one.words for one in viewer.get(f"/backtests/{backtest.pk}/").context["guards"]] == [
        "LOOK-AHEAD CHECK NOT RUN", "WARM-UP NOT RUN",
    ]  # fmt: skip
    backtest.guards = {
        "look_ahead": {"bars": 60, "differing": []},
        "warm_up": {"failing": ["ema_200"], "detectors": {}, "differences": {}},
    }
    backtest.save()
    assert [tuple(one) for one in viewer.get(f"/backtests/{backtest.pk}/").context["guards"]] == [
        ("LOOK-AHEAD CHECK PASSED", "good", "60 bars checked"),
        ("WARM-UP FAILED", "bad", "still depend on where their history begins: ema_200"),
    ]


def test_the_charts_have_the_numbers_of_the_outcomes(market):
    backtest = short(1.4, -1.0, 0.6)
    viewer = logged_in(member("viewer"))
    equity, rates, hours, scores, excursions, months = (
        viewer.get(f"/backtests/{backtest.pk}/{name}.json").json() for name in CHARTS
    )
    assert equity["sentence"].startswith("+1.0 R after 3 trades in 66 sessions; no drawdown.")
    assert equity["rows"][-2][:5] == ["2026-11-23", 3, pytest.approx(1.0), pytest.approx(1.0), 0.0]
    assert rates["cells"] == [
        ["WEAK UPTREND", "3, too few", "66.7 %", "20.8 %", "93.9 %", "+0.33 R", "42.0 %"]
    ]
    assert rates["sentence"] == "No regime has 30 trades."
    assert (hours["rows"][0], hours["cells"][0]) == (
        ["Monday", "09:30 to 10:00", 2, pytest.approx(0.2), 0.5],
        ["Monday", "09:30 to 10:00", "2, too few", "+0.20 R", "50.0 %"],
    )
    assert scores["sentence"] == "All outcomes have nearly the same score."
    assert excursions["cells"][0] == [
        "SPY Breakout bullish Mon 23 Nov 2026 09:45", "−0.20 R", "+1.40 R", "+1.40 R",
    ]  # fmt: skip
    assert months["cells"][10] == ["2026", "Nov", "3, too few", "+1.00 R", "66.7 %"]
    assert months["cells"][0] == ["2026", "Jan", "0, too few", "–", "–"]
    rows = list(csv.reader(io.StringIO(viewer.get(f"/backtests/{backtest.pk}/rates.csv").content.decode())))
    assert rows[1][:3] == ["WEAK UPTREND", "3", "0.6666666666666666"]


def test_charts_follow_the_choice_and_refuse_an_unknown_one(market):
    backtest = busy()
    viewer = logged_in(member("viewer"))
    path = f"/backtests/{backtest.pk}/scores.json"
    counts = [
        sum(row[1] for row in viewer.get(f"{path}?{query}").json()["rows"])
        for query in ("", "population=firings", "detector=breakout_bullish")
    ]
    numbers = backtest.result["populations"]
    # Twins of one family count once in totals.
    traded = [row["trades"] for row in numbers["firings"]["groups"]["symbol"].values()]
    assert counts[1] == sum(traded) < sum(row["trades"] for row in numbers["firings"]["detectors"])
    assert counts[0] == sum(row["trades"] for row in numbers["signals"]["groups"]["symbol"].values())
    assert counts[2] == next(
        row["trades"] for row in numbers["signals"]["detectors"] if row["detector"] == "breakout_bullish"
    )
    for query in ("population=x", "detector=x"):
        assert viewer.get(f"{path}?{query}").status_code == 400
    assert viewer.get(f"/backtests/{backtest.pk}/x.json").status_code == 404
    assert viewer.get(f"/backtests/{backtest.pk}/?population=x").status_code == 400
    first = viewer.get(path)
    assert viewer.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_page_of_a_backtest_needs_few_queries(market, django_assert_max_num_queries):
    backtest = busy()
    viewer = logged_in(member("viewer"))
    with django_assert_max_num_queries(12):
        viewer.get(f"/backtests/{backtest.pk}/")
    with django_assert_max_num_queries(9):
        viewer.get(f"/backtests/{backtest.pk}/equity.json")
    with django_assert_max_num_queries(5):  # the outcomes are kept for the other charts
        viewer.get(f"/backtests/{backtest.pk}/rates.json")


def test_two_backtests_are_compared_in_sentences(market):
    first, second = short(*[1.0, -1.0] * 20), short(*[-1.0] * 3, first=dt.date(2026, 9, 1))
    viewer = logged_in(member("viewer"))
    answer = viewer.get(f"/backtests/{first.pk}/compare/?with={second.pk}", follow=True)
    text = words(answer)
    assert f"Backtest {first.pk} against {second.pk}" in text
    assert "Win rate 50.0 % of 40 against 0.0 % of 3: not significant" in text
    assert "They have different ranges: 24 Aug 2026 to 24 Nov 2026, and 1 Sep 2026 to 24 Nov 2026." in text
    assert "3 firings are in both." in text
    (row,) = answer.context["table"]
    assert (row.title, row.difference.text) == ("Breakout bullish", "+1.00 R")
    waiting = asked("SPY")
    for path in (
        f"{first.pk}/compare/{first.pk}",
        f"{first.pk}/compare/{waiting.pk}",
        f"{first.pk}/compare/999999999",
    ):
        assert viewer.get(f"/backtests/{path}/").status_code == 404
    assert viewer.get(f"/backtests/{first.pk}/compare/?with=x").status_code == 400


def test_outcomes_and_result_are_exported(market):
    backtest = asked("SPY", detectors=("breakout_bullish",))
    finished(backtest, [outcome(backtest, DAY, 0, 1.4, reason="=1+1"), outcome(backtest, DAY, 1, -1.0)])
    viewer = logged_in(member("viewer"))
    answer = viewer.get(f"/backtests/{backtest.pk}/outcomes.csv")
    assert answer.streaming
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["detector"], row["reason"], row["r"]) for row in rows] == [
        ("breakout_bullish", "'=1+1", "1.4"),
        ("breakout_bullish", "", "-1.0"),
    ]
    record = viewer.get(f"/backtests/{backtest.pk}/result.json").json()
    assert record["detectors"][0]["winRate"] == 0.5
    assert record["detectors"][0]["totalTrades"] == 2


def test_hostile_addresses_are_not_found(market):
    viewer = logged_in(member("viewer"))
    long = "9" * 20
    for path in (
        f"{long}/",
        f"{long}/progress.json",
        f"{long}/equity.json",
        f"{long}/outcomes.csv",
        "x/",
        "999999999/",
    ):
        assert viewer.get(f"/backtests/{path}").status_code == 404, path
    assert viewer.get(f"/backtests/{long}/compare/{long}/").status_code == 404
    assert viewer.get("/backtests/%00/").status_code == 400
    operator = logged_in(member("operator"))
    assert operator.post(f"/backtests/{long}/cancel/").status_code == 404


def test_pages_and_data_need_the_permission_to_view_backtests(market, client):
    backtest = short(1.0)
    assert client.get("/backtests/").url == "/admin/login/?next=/backtests/"
    assert client.get(f"/backtests/{backtest.pk}/equity.json").status_code == 401
    clerk = logged_in(User.objects.create_user("clerk", is_staff=True))
    for path in (
        "",
        f"{backtest.pk}/",
        f"{backtest.pk}/equity.json",
        f"{backtest.pk}/outcomes.csv",
        "rows.json",
    ):
        assert clerk.get(f"/backtests/{path}").status_code == 403
    assert "To see backtests you need the group viewer." in words(clerk.get("/backtests/"))
    assert "/backtests/" not in clerk.get("/admin/").content.decode()
    assert "/backtests/" in logged_in(member("viewer")).get("/admin/").content.decode()
