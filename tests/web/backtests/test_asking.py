"""Running, canceling and continuing backtests from their pages."""

from __future__ import annotations

import base64
import json

import pytest

from backtest import run
from backtest.request import from_json
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.roles import as_role
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import ALL, FIRST, LAST, NOW, NOW_MS, asked, short, watch, words
from tests.web.broker import broker_away as broker_away
from warehouse.models import Backtest

pytestmark = [pytest.mark.database]
FORM = {
    "first": "2026-08-24",
    "last": "2026-11-24",
    "timeframe": "15m",
    "costs": "default",
    "profile": "default",
    "minimum": "60",
}


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_an_operator_runs_a_backtest(market, redis_client):
    operator = logged_in(member("operator"))
    with as_role("warehouse_web"):
        answer = operator.post("/backtests/", FORM)
    (backtest,) = Backtest.objects.all()
    assert answer.url == f"/backtests/{backtest.pk}/"
    request = from_json(backtest.request)
    assert (request.symbols, request.detectors) == (("QQQ", "SPY"), ALL)
    assert (request.first, request.last, request.minimum) == (FIRST, LAST, 60.0)
    assert (request.wall_exit, request.one_at_a_time, request.slippage) == (False, True, 0.0001)
    assert (backtest.status, backtest.made_by) == ("pending", "operator")
    (message,) = map(json.loads, redis_client.lrange("warehouse:default", 0, -1))
    assert message["headers"]["task"] == "backtest.tasks.start_backtest"
    assert json.loads(base64.b64decode(message["body"]))[0] == [backtest.pk]


def test_the_choices_of_the_form_are_those_of_the_request(market):
    choices = {
        "detectors": ["iv_crush", "breakout_bullish"],
        "symbols": ["QQQ"],
        "costs": "double",
        "profile": "document3",
        "minimum": "0",
        "wall_exit": "on",
        "all_firings": "on",
    }
    answer = logged_in(member("operator")).post("/backtests/", FORM | choices, follow=True)
    request = from_json(Backtest.objects.get().request)
    assert (request.symbols, request.detectors) == (("QQQ",), ("iv_crush", "breakout_bullish"))
    assert (request.slippage, request.profile, request.minimum) == (0.0002, "document3", 0.0)
    assert (request.wall_exit, request.one_at_a_time) == (True, False)
    form = answer.context["form"]  # of the next backtest, with the same choices
    assert (form.initial["costs"], list(form.initial["symbols"])) == ("double", ["QQQ"])
    rules = "slippage 2.0 basis points, least score 0, profile document3, exit before walls, all firings"
    assert rules in words(answer)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"first": "soon"}, "From must be a date such as 2026-11-24."),
        ({"last": ""}, "To must be a date such as 2026-11-24."),
        (
            {"first": "0001-01-01"},
            "The range begins on 0001-01-01: it can begin on 1994-01-01 at the earliest.",
        ),
        ({"last": "2026-11-25"}, "The session of 2026-11-25 has not ended: end the range earlier."),
        ({"last": "9999-12-31"}, "The session of 2099-12-31 has not ended: end the range earlier."),
        ({"last": "2026-08-23"}, "The range ends on 2026-08-23, before it begins on 2026-08-24."),
        (
            {"first": "2026-11-21", "last": "2026-11-22"},
            "There is no session between 2026-11-21 and 2026-11-22.",
        ),
        ({"minimum": "101"}, "The least score must be a number, 0 to 100."),
        ({"minimum": "nan"}, "The least score must be a number, 0 to 100."),
        ({"symbols": ["GME"]}, "GME is no watched symbol."),
        ({"detectors": ["moon"]}, "moon is no detector."),
        ({"detectors": ["\0"]}, "\0 is no detector."),
        ({"symbols": ["SPY\0"]}, "SPY\0 is no watched symbol."),
        ({"first": "2026-08-24\0"}, "From must be a date such as 2026-11-24."),
        ({"minimum": "6\0"}, "The least score must be a number, 0 to 100."),
        ({"minimum": "9" * 5000}, "The least score must be a number, 0 to 100."),
        ({"detectors": ["eod_pin_setup"], "timeframe": "1d"}, "No chosen detector works on bars of 1d."),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_lost(market, given, sentence):
    operator = logged_in(member("operator"))
    answer = operator.post("/backtests/", FORM | {"costs": "none", "wall_exit": "on"} | given)
    assert answer.status_code == 200
    assert f"NOT STARTED {sentence}" in words(answer)
    form = answer.context["form"]
    assert (form["costs"].value(), form["wall_exit"].value()) == ("none", True)
    assert form["first"].value() == given.get("first", FORM["first"])
    assert not Backtest.objects.exists()


def test_a_backtest_waits_while_the_broker_cannot_be_reached(market, broker_away):
    answer = logged_in(member("operator")).post("/backtests/", FORM, follow=True)
    sentence = "The message broker cannot be reached: the backtest starts when it can be."
    assert sentence in [str(message) for message in answer.context["messages"]]
    assert Backtest.objects.get().status == "pending"


def test_an_operator_cancels_and_continues(market):
    backtest = asked("SPY")
    operator = logged_in(member("operator"))
    path = f"/backtests/{backtest.pk}/"
    with as_role("warehouse_web"):
        assert operator.post(f"{path}cancel/").url == path
    backtest.refresh_from_db()
    assert backtest.status == "canceled"
    text = operator.post(f"{path}cancel/", follow=True).content.decode()
    assert "The backtest had ended, so that it was not canceled." in text
    with as_role("warehouse_web"):
        assert operator.post(f"{path}resume/").url == path
    backtest.refresh_from_db()
    assert (backtest.status, backtest.finished_at) == ("pending", None)
    assert operator.get(f"{path}cancel/").status_code == 405


def test_a_finished_backtest_is_not_continued(market):
    backtest = short(1.0)
    answer = logged_in(member("operator")).post(f"/backtests/{backtest.pk}/resume/", follow=True)
    assert "The backtest is done, so that there is nothing to continue." in answer.content.decode()
    backtest.refresh_from_db()
    assert backtest.status == "done"


def test_viewers_see_everything_and_change_nothing(market):
    viewer = logged_in(member("viewer"))
    backtest = asked("SPY")
    path = f"/backtests/{backtest.pk}/"
    for page in ("/backtests/", path):
        answer = viewer.get(page)
        assert answer.status_code == 200
        assert "csrfmiddlewaretoken" not in answer.content.decode().partition('class="desk"')[2]
    answer = viewer.post("/backtests/", FORM)
    assert answer.status_code == 403
    assert "Viewers cannot run backtests" in words(answer)
    answer = viewer.post(f"{path}cancel/")
    assert answer.status_code == 403
    assert "Viewers cannot cancel backtests" in words(answer)
    run.cancel(backtest.pk, NOW_MS)
    assert viewer.post(f"{path}resume/").status_code == 403
    backtest.refresh_from_db()
    assert (Backtest.objects.count(), backtest.status) == (1, "canceled")
