"""Promotion and restoring of weights from the pages: questions, reasons against it, and the log of the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from backtest.optimiser import promotion
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.roles import as_role
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import NOW, NOW_MS, watch, words
from tests.web.optimiser.stored import EDGE, finished, waiting
from warehouse.models import ConfluenceConfig

pytestmark = [pytest.mark.database]


@pytest.fixture
def operator(at_market_time, transactional_db):
    """An operator, logged in on the evening of 24 November 2026; SPY and QQQ are watched."""
    at_market_time(NOW)
    watch()
    return logged_in(member("operator"))


def logged() -> list[tuple[str, str, str]]:
    entries = LogEntry.objects.order_by("id").select_related("user")
    return [(one.user.username, one.object_id, one.change_message) for one in entries]


def test_an_operator_promotes_weights_after_one_question(operator):
    row = finished(EDGE)
    path = f"/optimiser/{row.pk}/promote/"
    text = words(operator.get(path))
    assert f"Promote the weights of optimisation {row.pk}? From the next bar on the scanner scores" in text
    assert "They replace the default weights." in text
    with as_role("warehouse_web"):
        answer = operator.post(path, follow=True)
    assert f"The weights of optimisation {row.pk} are active from the next bar on." in answer.content.decode()
    config = ConfluenceConfig.objects.get()
    assert (config.status, config.promoted_by, config.weights) == (
        "active", "operator", row.result["confluenceWeights"],
    )  # fmt: skip
    assert logged() == [("operator", str(config.pk), "Promoted: the scanner scores with these weights.")]
    text = words(operator.get(f"/optimiser/{row.pk}/"))
    assert f"Promotion ACTIVE optimisation {row.pk} is active since" in text
    assert "Promote…" not in text
    assert "was promoted before: restore it in the list of weights." in words(operator.get(path))


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("not different from chance", "random entries with the same exits did as well."),
        ("below chance", "random entries with the same exits did better."),
    ],
)
def test_weights_that_are_not_above_chance_need_a_second_confirmation(operator, label, sentence):
    row = finished(label=label)
    path = f"/optimiser/{row.pk}/promote/"
    answer = operator.post(path)
    assert answer.status_code == 200
    assert f"{label.upper()} Promote weights without an advantage? Out of sample these weights are" in words(
        answer
    )
    assert sentence in words(answer)
    assert not ConfluenceConfig.objects.filter(status="active").exists()
    assert operator.post(path, {"sure": "yes"}).url == f"/optimiser/{row.pk}/"
    assert ConfluenceConfig.objects.get().status == "active"


@pytest.mark.parametrize("method", ["get", "post"])
def test_weights_that_cannot_be_promoted_say_why(operator, method):
    unfinished, wrong = waiting(), finished(EDGE, is_verified=False)
    for row, sentence in (
        (unfinished, f"Optimisation {unfinished.pk} has no weights: wait until it is done."),
        (wrong, "A backtest did not give the numbers of this optimisation: it cannot be promoted."),
    ):
        answer = getattr(operator, method)(f"/optimiser/{row.pk}/promote/", {"sure": "yes"}, follow=True)
        assert sentence in answer.content.decode()
    assert not ConfluenceConfig.objects.filter(status="active").exists()
    assert logged() == []


def test_a_promotion_that_cannot_be_logged_does_not_happen(operator, monkeypatch):
    def fail(*arguments: object, **named: object) -> None:
        raise RuntimeError("no log")

    row = finished(EDGE)
    monkeypatch.setattr(LogEntry.objects, "log_actions", fail)
    with pytest.raises(RuntimeError, match="no log"):
        operator.post(f"/optimiser/{row.pk}/promote/")
    assert ConfluenceConfig.objects.get().status == "pending"


def test_earlier_weights_and_the_default_ones_are_restored(operator):
    first, second = finished(EDGE), finished(EDGE)
    promotion.promote(first.pk, "ann", NOW_MS)
    promotion.promote(second.pk, "ann", NOW_MS + 1000)
    listed = words(operator.get("/optimiser/"))
    assert f"optimisation {second.pk} since Tue 24 Nov 2026 18:00:01 New York, promoted by ann" in listed
    assert listed.index(f"optimisation {second.pk} ACTIVE") < listed.index(f"optimisation {first.pk} RETIRED")

    path = f"/optimiser/weights/{first.config_id}/restore/"
    text = words(operator.get(path))
    assert f"Restore the weights of optimisation {first.pk}?" in text
    assert f"They replace the weights of optimisation {second.pk}" in text
    with as_role("warehouse_web"):
        assert operator.post(path).url == "/optimiser/"
    active = ConfluenceConfig.objects.get(status="active")
    assert (active.name, active.promoted_by) == (f"optimisation {first.pk}, restored", "operator")
    with as_role("warehouse_web"):
        operator.post("/optimiser/weights/default/restore/")
    assert not ConfluenceConfig.objects.filter(status="active").exists()
    assert logged() == [
        ("operator", str(active.pk), "Restored: the scanner scores with these weights again."),
        ("operator", str(active.pk), "Retired: the scanner scores with the default weights again."),
    ]
    answer = operator.post("/optimiser/weights/default/restore/", follow=True)
    assert "The default weights are active already." in answer.content.decode()
    assert len(logged()) == 2


def test_weights_that_were_never_active_are_not_restored(operator):
    row = finished(EDGE)
    answer = operator.post(f"/optimiser/weights/{row.config_id}/restore/", follow=True)
    assert (
        f"Weights {row.config_id} were never active: promote their optimisation." in answer.content.decode()
    )
    assert ConfluenceConfig.objects.get().status == "pending"
