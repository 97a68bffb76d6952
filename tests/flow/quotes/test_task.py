"""The task that requests quotes: one step at a time, and a plan without quotes is asked once."""

from __future__ import annotations

import pytest

from flow import tasks
from tests.flow.history.test_repair import page, past_quote
from tests.flow.quotes.test_fetch import AT, LARGE
from tests.flow.trades import CALL, make_batch, process
from tests.provider.server import refusal
from warehouse.database_sessions import separate_connection
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]


@pytest.fixture(autouse=True)
def wanted(at_noon, provider, settings, redis_client):
    settings.MASSIVE_BASE_URL = provider.url
    process(make_batch(LARGE))


def test_a_step_requests_the_quotes_of_watched_symbols(provider):
    provider.tell(f"/v3/quotes/{CALL}", page(past_quote(AT - 20)))
    assert tasks.fetch_quotes() == "1 of 1 trades got a quote by 1 requests"
    assert OptionsFlow.objects.get().quote_source == "rest"


def test_a_plan_without_quotes_is_asked_once(provider):
    provider.tell(
        f"/v3/quotes/{CALL}", refusal(403, {"status": "NOT_AUTHORIZED", "message": "not in your plan"})
    )
    assert [tasks.fetch_quotes() for _ in range(3)] == ["the plan has no quotes: none are requested"] * 3
    assert len(provider.requests) == 1


def test_nothing_is_requested_at_a_rate_of_zero(provider, settings):
    settings.FLOW_QUOTE_REQUESTS_PER_SECOND = 0
    assert tasks.fetch_quotes() == "no quotes are requested: FLOW_QUOTE_REQUESTS_PER_SECOND is 0"
    assert provider.requests == []


def test_only_one_step_runs_at_a_time(provider):
    with separate_connection("another step") as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('flow repair quotes', 0))")
        assert tasks.fetch_quotes() == "quotes are being requested by another step"
    assert provider.requests == []
