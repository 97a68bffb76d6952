"""Running, canceling and continuing optimisations from their pages."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest

from backtest.optimiser import run
from backtest.optimiser.request import from_json
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.roles import as_role
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import LAST, NOW, NOW_MS, watch, words
from tests.web.broker import broker_away as broker_away
from tests.web.optimiser.stored import finished, waiting
from warehouse.models import Optimization

pytestmark = [pytest.mark.database]
FORM = {
    "first": "2026-07-20", "last": "2026-11-24", "target": "65", "least_signals": "5", "most_signals": "20",
    "least_outcomes": "100", "folds": "5", "least_train": "40", "population": "60", "generations": "50", "seed": "1",
}  # fmt: skip


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_an_operator_runs_an_optimisation(market, redis_client):
    operator = logged_in(member("operator"))
    with as_role("warehouse_web"):
        answer = operator.post("/optimiser/", FORM)
    (row,) = Optimization.objects.all()
    assert answer.url == f"/optimiser/{row.pk}/"
    request = from_json(row.request)
    assert (request.symbols, request.first, request.last) == (("QQQ", "SPY"), dt.date(2026, 7, 20), LAST)
    assert (request.target, request.folds, request.until_ms) == (0.65, 5, row.created_at)
    assert (row.status, row.made_by) == ("pending", "operator")
    (message,) = map(json.loads, redis_client.lrange("warehouse:backtest", 0, -1))
    assert message["headers"]["task"] == "backtest.tasks.run_optimization"
    assert json.loads(base64.b64decode(message["body"]))[0] == [row.pk]


def test_the_choices_of_the_form_are_those_of_the_request(market):
    choices = {"symbols": ["QQQ"], "target": "62.5", "least_signals": "0.5", "folds": "3", "seed": "7"}
    answer = logged_in(member("operator")).post("/optimiser/", FORM | choices, follow=True)
    request = from_json(Optimization.objects.get().request)
    assert (request.symbols, request.target, request.least_signals) == (("QQQ",), 0.625, 0.5)
    assert (request.folds, request.seed) == (3, 7)
    form = answer.context["form"]  # of the next optimisation, with the same choices
    assert (form.initial["target"], form.initial["folds"], list(form.initial["symbols"])) == (
        "62.5",
        3,
        ["QQQ"],
    )
    assert "0.5 to 20 signals a session" in words(answer)


def test_a_proposed_form_is_valid(market):
    operator = logged_in(member("operator"))
    form = operator.get("/optimiser/").context["form"]
    assert (form.initial["first"], form.initial["last"]) == (dt.date(2026, 7, 21), LAST)  # 90 sessions
    assert operator.post("/optimiser/", form.initial).status_code == 302


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"first": "soon"}, "From must be a date such as 2026-11-24."),
        ({"first": "0001-01-01"}, "The range begins on 0001-01-01: it can begin on 1994-01-01 at the earliest."),
        ({"last": "2026-11-25"}, "The session of 2026-11-25 has not ended: end the range earlier."),
        ({"first": "2026-11-02"}, "The range has 17 sessions: 5 tests after 40 sessions of training need 45 at least."),
        ({"target": "100"}, "The target win rate must be a number, 1 to 99."),
        ({"target": "nan"}, "The target win rate must be a number, 1 to 99."),
        ({"least_signals": "0"}, "Limits of signals a session must be above 0, and 1,000 at most."),
        ({"population": "1000000"}, "The population must be a whole number, 10 to 1,000."),
        ({"generations": "1e9"}, "The number of generations must be a whole number, 1 to 1,000."),
        ({"seed": "-1"}, "The seed must be a whole number, 0 to 2,147,483,647."),
        ({"seed": "9" * 5000}, "The seed must be a whole number, 0 to 2,147,483,647."),
        ({"symbols": ["GME"]}, "GME is no watched symbol."),
        ({"symbols": ["\0"]}, "\0 is no watched symbol."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_nothing_is_lost(market, given, sentence):
    answer = logged_in(member("operator")).post("/optimiser/", FORM | {"folds": "4"} | given)
    assert answer.status_code == 200
    assert f"NOT STARTED {sentence.replace(' 5 tests after', ' 4 tests after').replace('45', '44')}" in words(
        answer
    )
    assert answer.context["form"]["folds"].value() == "4"
    assert not Optimization.objects.exists()


def test_an_optimisation_waits_while_the_broker_cannot_be_reached(market, broker_away):
    answer = logged_in(member("operator")).post("/optimiser/", FORM, follow=True)
    sentence = "The message broker cannot be reached: the optimisation starts when it can be."
    assert sentence in [str(message) for message in answer.context["messages"]]
    assert Optimization.objects.get().status == "pending"


def test_an_operator_cancels_and_continues(market, redis_client):
    row = waiting()
    operator = logged_in(member("operator"))
    path = f"/optimiser/{row.pk}/"
    with as_role("warehouse_web"):
        assert operator.post(f"{path}cancel/").url == path
    row.refresh_from_db()
    assert row.status == "canceled"
    text = operator.post(f"{path}cancel/", follow=True).content.decode()
    assert "The optimisation had ended, so that it was not canceled." in text
    with as_role("warehouse_web"):
        assert operator.post(f"{path}resume/").url == path
    row.refresh_from_db()
    assert (row.status, row.finished_at) == ("pending", None)
    assert redis_client.llen("warehouse:backtest") == 1
    assert operator.get(f"{path}cancel/").status_code == 405


def test_a_finished_optimisation_is_not_continued(market):
    row = finished()
    answer = logged_in(member("operator")).post(f"/optimiser/{row.pk}/resume/", follow=True)
    assert "The optimisation is done, so that there is nothing to continue." in answer.content.decode()
    row.refresh_from_db()
    assert row.status == "done"


def test_viewers_see_everything_and_change_nothing(market):
    viewer = logged_in(member("viewer"))
    row, done = waiting(), finished()
    for page in ("/optimiser/", f"/optimiser/{row.pk}/", f"/optimiser/{done.pk}/"):
        answer = viewer.get(page)
        assert answer.status_code == 200
        assert "csrfmiddlewaretoken" not in answer.content.decode().partition('class="desk"')[2]
    answer = viewer.post("/optimiser/", FORM)
    assert answer.status_code == 403
    assert "Viewers cannot run optimisations" in words(answer)
    answer = viewer.post(f"/optimiser/{row.pk}/cancel/")
    assert answer.status_code == 403
    assert "Viewers cannot cancel optimisations" in words(answer)
    run.cancel(row.pk, NOW_MS)
    assert viewer.post(f"/optimiser/{row.pk}/resume/").status_code == 403
    for path in (f"{done.pk}/promote", f"weights/{done.config_id}/restore", "weights/default/restore"):
        for answer in (viewer.get(f"/optimiser/{path}/"), viewer.post(f"/optimiser/{path}/")):
            assert answer.status_code == 403
            assert "you need the group operator" in words(answer)
    row.refresh_from_db()
    assert (Optimization.objects.count(), row.status) == (2, "canceled")
