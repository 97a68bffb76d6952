"""Time of the first admin page of the largest table."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.bench.measure import best_ms
from tests.bench.sized import Timed

LIMIT_MS = 300


def admin_list() -> Timed:
    """Return the milliseconds of a request for the page."""
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    page = reverse("admin:warehouse_historicalgreeks_changelist")
    assert client.get(page).status_code == 200
    return Timed(
        best_ms(lambda: client.get(page)), f"first page; required: at most {LIMIT_MS} ms at every size"
    )
