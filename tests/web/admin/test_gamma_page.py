"""The page of one gamma snapshot: chart and table of conventions."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.warehouse.rows import add_gamma, ago

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def superuser(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_the_page_of_a_gamma_snapshot_shows_a_chart_with_levels(superuser, db):
    snapshot = add_gamma(
        ago(0),
        underlying_price=6500,
        gamma_flip=6420,
        gamma_by_strike={
            "6500": {"call": 9.0, "put": -1.0, "net": 8e6},
            "6400": {"call": 1, "put": -5, "net": -4e6},
        },
    )
    page = superuser.get(reverse("admin:warehouse_gammaexposure_change", args=[snapshot.pk])).content.decode()
    assert page.count("#dc2626") == 1
    assert "8.0M  ◀ spot" in page
    assert "-4.0M  ◀ flip" in page


def test_the_page_of_a_gamma_snapshot_compares_the_conventions(superuser, db):
    volume = {
        "net": -2e8,
        "gross": 1e9,
        "ratio": -0.2,
        "positioning": "SHORT_GAMMA",
        "comparable_net": -1.8e9,
    }
    table = {
        "conventions": {
            "naive": {"net": 1e9, "gross": 9e9, "ratio": 0.11, "positioning": "LONG_GAMMA", "flip": 6420.5}
            | {"comparable_net": 1e9, "flip_status": "found"},
            "volume_weighted": volume | {"flip": None, "flip_status": "disagrees"},
            "own_gamma": None,
        },
        "signs_agree": False,
    }
    snapshot = add_gamma(ago(0), sensitivity=table)
    page = superuser.get(reverse("admin:warehouse_gammaexposure_change", args=[snapshot.pk])).content.decode()
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page)]
    assert ["naive", "1,000.0M", "1,000.0M", "9,000.0M", "0.11", "LONG_GAMMA", "6,420.50"] in rows
    assert [
        "volume weighted",
        "-200.0M",
        "-1,800.0M",
        "1,000.0M",
        "-0.20",
        "SHORT_GAMMA",
        "disagrees",
    ] in rows
    assert ["own gamma", *["-"] * 6] in rows
    assert "Signs of naive, volume-weighted and own gamma: do not agree." in page
