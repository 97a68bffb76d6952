"""The first page of the admin's largest table, at two sizes: it must not grow with the table."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.bench.measure import Measured, seconds_of
from tests.bench.tables import fill_greeks, row_counts

FLOOR_MS = 300
REPEATS = 10


def admin_list() -> Measured:
    """Milliseconds of the page at the larger size; the reference is the smaller one, so a ratio of 1 is flat."""
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    page = reverse("admin:warehouse_historicalgreeks_changelist")

    def milliseconds(rows: int) -> float:
        fill_greeks(rows)
        assert client.get(page).status_code == 200
        return 1000 * min(seconds_of(lambda: client.get(page)) for _ in range(REPEATS))

    small, large = row_counts()
    at_small, at_large = milliseconds(small), milliseconds(large)
    return Measured(
        value=at_large,
        unit="ms",
        reference=at_small,
        ratio=at_small / at_large,
        says=f"first page at {large:,} rows, reference at {small:,}; the floor is {FLOOR_MS} ms, flat",
    )
