"""An address without a page: one sentence, and the way back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db]
HEADING = "<h1>There is nothing at this address</h1>"


@pytest.mark.parametrize("address", ["/nothing-here", "/backtests/999999/", "/admin/nothing/"])
def test_a_user_stays_in_the_frame_of_the_admin(client, address):
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == 404
    assert HEADING in page
    assert 'href="/admin/">Back to the dashboard</a>' in page
    assert "/admin/warehouse/watchlistentry/" in page  # of the sidebar


@pytest.mark.parametrize("is_known", [False, True])
def test_others_see_nothing_of_the_warehouse(client, is_known):
    if is_known:  # not a member of staff
        client.force_login(User.objects.create_user("someone"))
    answer = client.get("/nothing-here")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert HEADING in page
    assert "/admin/warehouse/" not in page
