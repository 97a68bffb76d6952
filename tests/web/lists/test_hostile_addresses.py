"""Addresses that nobody would write in good faith are refused, redirected or ignored, and never an error."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.warehouse.rows import add_greeks, add_trade, ago
from tests.web.lists.addresses import listing
from warehouse.models import Heartbeat, SavedFilter

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ANSWERS = {200, 302, 400, 404}
LISTS = ("optionsflow", "historicalgreeks", "historicalbar", "ivpercentile", "ingestionrun", "gammaexposure")
ADDRESSES = (
    *("symbol=%00", "q=%00", "%00=1", "symbol__iregex=%5B", "symbol__regex=%28", "date__year=9999999"),
    *("id=99999999999999999999", "timestamp__gte=99999999999999999999", "symbol__in=a,b", "symbol__isnull=2"),
    *(
        "o=9999",
        "o=-1.2.x",
        "o=%F0%9F%92%A9",
        "order=9999",
        "order=-id%3B",
        "order=pk",
        "order=symbol__iregex",
    ),
    *("p=999999999", "p=-1", "p=abc", "all=", "_facets=True", "_popup=1", "_to_field=symbol", "e=1"),
    *(
        "after=1",
        "after=1~2~3~4~5",
        "after=99999999999999999999~1",
        "before=x~y",
        "after=1~%F0%9F%92%A9",
        "after=",
    ),
    *(
        "after=NaN~1",
        "order=-premium&after=NaN~1",
        "order=-premium&after=1e999999~1",
        "order=-premium&before=sNaN~1",
    ),
    *("at=9999999-01-01", "at=0001-01-01T00:00", "at=2025-11-20T14:45%2B99:99", "at=2025-11-20"),
    *("on=9999999-99-99", "on=0001-01-01", "on=tomorrow", "expiration=2025-02-30", "expiration=9999-12-31"),
    *(
        "recent=-1",
        "recent=99999999999999999999",
        "premium=1e9",
        "premium=-1",
        "dte=%27",
        "trade_type=%27%20OR%201",
    ),
    *("contract=O%3A", "contract=O:SPXW251219C0647500A", "symbol=" + "A" * 900, "q=" + "%F0%9F%92%A9" * 200),
    *("symbol=SPX&symbol=NDX", "source=import&source=live", "is_cancel=maybe", "side=none", "timeframe=9y"),
)


@pytest.mark.parametrize("query", ADDRESSES)
def test_a_hostile_query_of_a_list_is_no_error(superuser, query):
    add_greeks(ago(60_000))
    add_trade(ago(60_000))
    answers = {superuser.get(f"{listing(model)}?{query}").status_code for model in LISTS}
    assert answers <= ANSWERS
    for model in LISTS:
        answer = superuser.get(f"{reverse(f'admin:warehouse_{model}_export')}?{query}")
        assert answer.status_code in ANSWERS
        if answer.streaming:
            assert b"".join(answer.streaming_content).count(b"\n") >= 1


@pytest.mark.parametrize(
    "query", ["symbol__iregex=%5B", "symbol__startswith=S", "strike__gt=1", "gap__id=1", "symbol=%00"]
)
def test_a_lookup_that_is_no_declared_filter_is_refused(superuser, query):
    assert superuser.get(f"{listing('historicalgreeks')}?{query}").status_code == 400


PAGES_OF_PACKAGES = [
    *("auth_user", "auth_group", "django_celery_beat_periodictask", "django_celery_beat_crontabschedule"),
    *("django_celery_beat_intervalschedule", "warehouse_watchlistentry"),
]


@pytest.mark.parametrize("model", PAGES_OF_PACKAGES)
@pytest.mark.parametrize("name", ["username", "name", "minute", "period", "symbol", "id"])
def test_no_list_of_the_admin_accepts_a_regular_expression(superuser, model, name):
    assert superuser.get(f"{reverse(f'admin:{model}_changelist')}?{name}__iregex=%5B").status_code == 400


def test_declared_filters_of_accounts_and_schedules_still_filter(superuser):
    users = reverse("admin:auth_user_changelist")
    assert superuser.get(f"{users}?is_superuser__exact=1").status_code == 200
    assert superuser.get(f"{users}?is_superuser__exact=0").context["cl"].result_count == 0
    tasks = reverse("admin:django_celery_beat_periodictask_changelist")
    assert superuser.get(f"{tasks}?enabled__exact=1").status_code == 200


@pytest.mark.parametrize(
    "identity", ["99999999999999999999", "-1", "x", "%00", "1%00", "_", "__", "%F0%9F%92%A9"]
)
@pytest.mark.parametrize("model", ["historicalgreeks", "heartbeat", "sessionexception", "warehouseclock"])
def test_a_hostile_id_of_a_row_is_no_error(superuser, model, identity):
    for action in ("change", "history", "delete"):
        address = listing(model) + f"{identity}/{action}/"
        assert superuser.get(address).status_code in {*ANSWERS, 403}
        assert superuser.post(address).status_code in {*ANSWERS, 403}


@pytest.mark.parametrize(
    "address",
    [
        *(
            "/row/gammaexposure/?symbol=%00&timestamp=1",
            "/row/gammaexposure/?symbol=S&timestamp=99999999999999999999",
        ),
        *(
            "/row/ivpercentile/?symbol=S&date=9999999-01-01",
            "/row/nothing/",
            "/symbol/%00/",
            "/symbol/S/gamma.json?slot=%00",
        ),
    ],
)
def test_a_hostile_key_is_not_found(superuser, address):
    assert superuser.get(address).status_code in {400, 404}


def test_a_row_with_a_text_key_opens(superuser):
    row = Heartbeat.objects.create(id="flow_listener 1/2", last_scan=ago(0), status="healthy")
    page = superuser.get(listing("heartbeat"))
    (link,) = [cell["link"] for cell in page.context["rows"][0]["cells"][:1]]
    assert superuser.get(link).context["original"] == row


@pytest.mark.parametrize(
    "sent",
    [
        *({}, {"name": ""}, {"name": "a\x00", "query": "symbol=SPX"}, {"name": "a", "query": "symbol=%00"}),
        *(
            {"name": "x" * 61, "query": "symbol=SPX"},
            {"name": "a", "query": "q=" + "x" * 1100},
            {"delete": "x"},
        ),
        *(
            {"delete": "9" * 30},
            {"delete": "²"},
            {"name": "a", "query": "?"},
            {"name": "a", "query": "at=1&after=2"},
        ),
    ],
)
def test_a_hostile_filter_is_not_saved(superuser, sent):
    answer = superuser.post(reverse("admin:warehouse_optionsflow_filters"), sent)
    assert (answer.status_code, SavedFilter.objects.count()) == (302, 0)


def test_every_list_of_the_warehouse_limits_its_lookups():
    from web.admin.base import ModelAdmin

    pages = {model._meta.label: page for model, page in admin.site._registry.items()}
    assert [name for name, page in pages.items() if not isinstance(page, ModelAdmin)] == []
