"""The page of one gamma snapshot: the table of conventions."""

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
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", page)]
    assert ["naive", "+$1.0 bn", "+$1.0 bn", "$9.0 bn", "+0.11", "LONG GAMMA", "6,420.50"] in rows
    assert [
        "volume weighted",
        "−$200 M",
        "−$1.8 bn",
        "$1.0 bn",
        "−0.20",
        "SHORT GAMMA",
        "disagrees",
    ] in rows
    assert ["own gamma", *["–"] * 6] in rows
    assert "Signs of naive, volume-weighted and own gamma: do not agree." in page
