"""Saved filters: each is an address, each belongs to its user."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.roles import as_role
from tests.warehouse.rows import add_trade, ago
from tests.web.lists.addresses import listing
from warehouse.models import SavedFilter
from web.lists.saved_filters import MOST

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ADDRESS = "admin:warehouse_optionsflow_filters"
QUERY = "order=-premium&symbol=SPX"


def save(client, name="Large", query=f"?{QUERY}&after=1~2"):
    return client.post(reverse(ADDRESS), {"name": name, "query": query})


def test_a_saved_filter_opens_from_its_address(superuser):
    add_trade(ago(0), 1, premium=5)
    add_trade(ago(60_000), 2, premium=7)
    add_trade(ago(0), 3, symbol="SPY")
    with as_role("warehouse_web"):
        saved = save(superuser)
        assert saved.headers["Location"] == f"{listing('optionsflow')}?{QUERY}"
        page = superuser.get(saved.headers["Location"])
    assert [row.sequence_number for row in page.context["cl"].result_list] == [2, 1]
    (one,) = page.context["saved"]
    assert (one["name"], one["query"], one["chosen"]) == ("Large", f"?{QUERY}", True)
    assert not superuser.get(listing("optionsflow")).context["saved"][0]["chosen"]


def test_a_name_is_used_once_and_its_filter_replaced(superuser):
    save(superuser)
    save(superuser, "  Large ", "symbol=SPY")
    assert list(SavedFilter.objects.values_list("name", "query", "model")) == [
        ("Large", "symbol=SPY", "optionsflow")
    ]


def test_a_filter_is_seen_and_deleted_by_its_owner_only(superuser, client):
    save(superuser)
    one = SavedFilter.objects.get()
    client.force_login(User.objects.create_superuser("other"))
    assert client.get(listing("optionsflow")).context["saved"] == []
    client.post(reverse(ADDRESS), {"delete": one.pk})
    assert SavedFilter.objects.count() == 1
    client.force_login(one.owner)
    client.post(reverse(ADDRESS), {"delete": one.pk})
    assert SavedFilter.objects.count() == 0


def test_filters_belong_to_one_list(superuser):
    save(superuser)
    assert superuser.get(listing("gammaexposure")).context["saved"] == []


def test_a_user_may_save_a_limited_number_of_filters(superuser):
    owner = User.objects.get()
    SavedFilter.objects.bulk_create(
        SavedFilter(owner=owner, model="optionsflow", name=str(number), query="symbol=SPX")
        for number in range(MOST)
    )
    page = superuser.post(reverse(ADDRESS), {"name": "more", "query": QUERY}, follow=True)
    assert f"You have {MOST} filters of this list." in page.content.decode()
    assert SavedFilter.objects.count() == MOST


def test_saving_needs_the_right_to_view_and_a_post(client, superuser):
    assert superuser.get(reverse(ADDRESS)).status_code == 405
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert save(client).status_code == 403


def test_the_tape_offers_filters_of_its_own(superuser):
    add_trade(ago(0), 1, trade_type="SWEEP", premium=200_000)
    add_trade(ago(60_000), 2, trade_type="SWEEP", premium=50_000)
    page = superuser.get(listing("optionsflow"))
    presets = {one["name"]: one["query"] for one in page.context["presets"]}
    assert list(presets) == [
        "Largest premium",
        "Sweeps above $100 k",
        "Expiring today",
        "Unusual volume",
        "Blocks",
    ]
    shown = superuser.get(listing("optionsflow") + presets["Sweeps above $100 k"])
    assert [row.sequence_number for row in shown.context["cl"].result_list] == [1]
    assert [one["name"] for one in shown.context["presets"] if one["chosen"]] == ["Sweeps above $100 k"]


def test_filters_are_deleted_with_their_user(superuser):
    save(superuser)
    User.objects.all().delete()
    assert SavedFilter.objects.count() == 0
