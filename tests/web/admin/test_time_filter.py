"""The admin's time filter shows the last hour, day or week and nothing older."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_gamma, ago
from warehouse.models import IngestionRun

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def shown(client):
    """The ids in a list filtered by its last hours."""
    client.force_login(User.objects.create_superuser("root"))

    def ids(model: str, hours: str) -> list[int]:
        page = client.get(reverse(f"admin:warehouse_{model}_changelist"), {"recent": hours})
        return [row.pk for row in page.context["cl"].result_list]

    return ids


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_the_time_filter_reaches_back_as_many_hours_as_it_says(shown, hours):
    inside = add_gamma(ago(hours * HOUR_MS - MINUTE_MS))
    add_gamma(ago(hours * HOUR_MS + MINUTE_MS))
    assert shown("gammaexposure", str(hours)) == [inside.pk]


def test_runs_are_filtered_by_their_slot(shown):
    inside, _ = (
        IngestionRun.objects.create(task="t", symbol="SPX", slot=ago(at), status="DONE", started_at=ago(0))
        for at in (HOUR_MS - MINUTE_MS, HOUR_MS + MINUTE_MS)
    )
    assert shown("ingestionrun", "1") == [inside.pk]


def test_an_unknown_number_of_hours_filters_nothing(shown):
    row = add_gamma(ago(1_000 * HOUR_MS))
    assert shown("gammaexposure", "2") == [row.pk]
