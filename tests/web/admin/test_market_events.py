"""The page of market events, under the rights of the web process."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.roles import as_role
from warehouse.models import MarketEvent, SupersededRow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ADD = "/admin/warehouse/marketevent/add/"
EVENT = {
    "symbol": "aapl",
    "kind": "EARNINGS",
    "date": "2026-01-29",
    "timing": "AFTER_CLOSE",
    "certainty": "ESTIMATED",
    "note": "Q1",
    "is_expected": "on",
}

_BARE = "Write the bare symbol, such as AAPL or BRK.B, of at most 16 characters, or * for all symbols."


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def page(event: MarketEvent) -> str:
    return reverse("admin:warehouse_marketevent_change", args=[event.pk])


def test_an_event_is_entered_and_corrected_with_the_rights_of_the_web(operator):
    with as_role("warehouse_web"):
        assert operator.post(ADD, EVENT).status_code == 302
        event = MarketEvent.objects.get()
        assert operator.post(page(event), EVENT | {"certainty": "CONFIRMED"}).status_code == 302
    event.refresh_from_db()
    assert (event.symbol, event.date, event.source) == ("AAPL", dt.date(2026, 1, 29), "live")
    assert event.certainty == "CONFIRMED"
    assert SupersededRow.objects.get().row["certainty"] == "ESTIMATED"


def test_an_event_that_is_no_longer_expected_stays_with_the_time(operator):
    operator.post(ADD, EVENT)
    event = MarketEvent.objects.get()
    called_off = {name: value for name, value in EVENT.items() if name != "is_expected"}
    operator.post(page(event), called_off)
    event.refresh_from_db()
    assert event.withdrawn_at is not None
    operator.post(page(event), EVENT)
    event.refresh_from_db()
    assert event.withdrawn_at is None


def test_the_key_of_an_event_cannot_be_changed(operator):
    operator.post(ADD, EVENT)
    operator.post(page(MarketEvent.objects.get()), EVENT | {"date": "2026-02-05", "symbol": "MSFT"})
    event = MarketEvent.objects.get()
    assert (event.symbol, event.date) == ("AAPL", dt.date(2026, 1, 29))


def test_no_event_can_be_deleted(operator):
    operator.post(ADD, EVENT)
    event = MarketEvent.objects.get()
    address = reverse("admin:warehouse_marketevent_delete", args=[event.pk])
    assert operator.post(address, {"post": "yes"}).status_code == 403
    assert MarketEvent.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"symbol": "I:SPX"}, _BARE),
        ({"symbol": "A" * 17}, _BARE),
        ({"symbol": "A" * 5000}, _BARE),
        ({"symbol": "12"}, _BARE),
        ({"symbol": "**"}, _BARE),
        ({"symbol": "AAPL\0"}, "Null characters are not allowed."),
        ({"note": "Q1\0"}, "Null characters are not allowed."),
        ({"date": "2026-01-31"}, "The exchange has no session on this date"),
        ({"date": "9999-01-29"}, "The exchange has no session on this date"),
        ({"symbol": "*"}, "Earnings are those of one symbol."),
        ({"kind": "PARTY"}, "Select a valid choice"),
    ],
)
def test_a_wrong_value_is_refused_with_one_sentence(operator, wrong, sentence):
    answer = operator.post(ADD, EVENT | wrong)
    assert sentence in answer.content.decode()
    assert not MarketEvent.objects.exists()


def test_a_second_event_of_the_same_key_is_refused(operator):
    operator.post(ADD, EVENT)
    assert "already exists" in operator.post(ADD, EVENT).content.decode()
    assert MarketEvent.objects.count() == 1
