"""Charts on the pages of rows: which chart, of what time, and their scripts on these pages only."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.warehouse.rows import (
    add_bar,
    add_gamma,
    add_greeks,
    add_iv,
    add_regime,
    add_surface_point,
    add_term,
    add_trade,
    ago,
)
from warehouse import clock

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY = dt.date(2026, 11, 18)
# Wednesday 18 November 2026, 10:00 and 16:15 New York, where index options stop trading.
MORNING = clock.epoch_ms(dt.datetime(2026, 11, 18, 15, 0, tzinfo=dt.UTC))
EVENING = clock.epoch_ms(dt.datetime(2026, 11, 18, 21, 15, tzinfo=dt.UTC))


@pytest.fixture
def superuser(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def in_that_session(settings):
    """Set the clocks to that session, so that the partitions of its rows can be made."""
    from django.db import connection

    settings.CLOCK_OFFSET_MS = EVENING - round(dt.datetime.now(dt.UTC).timestamp() * 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, true)", [str(settings.CLOCK_OFFSET_MS)]
        )


def figures(client, row) -> list[tuple[str, str]]:
    """Return document and query of each figure on the page of a row."""
    page = client.get(
        reverse(f"admin:warehouse_{row._meta.model_name}_change", args=[row.pk])
    ).content.decode()
    assert 'src="/static/web/vendor/echarts/echarts.min.js"' in page
    return [
        (document, query.replace("&amp;", "&"))
        for document, query in re.findall(r'data-document="([^"]+)" data-query="([^"]*)"', page)
    ]


def test_a_gamma_snapshot_has_strikes_and_profile_of_its_slot(superuser):
    at = ago(0)
    assert figures(superuser, add_gamma(at)) == [
        ("/symbol/SPX/gamma", f"slot={at}"),
        ("/symbol/SPX/profile", f"slot={at}"),
    ]


def test_a_point_of_a_surface_has_the_surface_of_its_close(superuser):
    assert figures(superuser, add_surface_point(DAY)) == [("/symbol/SPX/surface", f"slot={EVENING}")]


def test_a_term_structure_has_its_expirations_and_the_history_of_skew(superuser):
    assert figures(superuser, add_term(DAY)) == [
        ("/symbol/SPX/term", f"slot={EVENING}"),
        ("/symbol/SPX/skew", f"slot={EVENING}"),
    ]


def test_a_contract_has_the_smile_of_its_expiration_and_slot(superuser):
    at = ago(0)
    row = add_greeks(at, "O:SPXW251219C06475000")
    assert figures(superuser, row) == [("/symbol/SPX/smile", f"slot={at}&expirations=SPXW251219")]


def test_a_trade_has_the_flow_of_its_session(superuser, in_that_session):
    assert figures(superuser, add_trade(MORNING)) == [
        ("/symbol/SPX/trades", f"slot={EVENING}"),
        ("/symbol/SPX/intervals", f"slot={EVENING}"),
    ]


def test_a_bar_has_the_bars_of_its_session_and_a_daily_bar_none(superuser, in_that_session):
    bar = add_bar(MORNING, symbol="SPY", timeframe="5m")
    assert figures(superuser, bar) == [("/symbol/SPY/price", f"slot={EVENING}&timeframe=5m")]
    assert figures(superuser, add_bar(MORNING, symbol="SPY", timeframe="1d")) == []


def test_rows_of_a_session_have_the_history_up_to_it(superuser):
    assert figures(superuser, add_iv(DAY)) == [("/symbol/SPX/iv", f"slot={EVENING}")]
    assert figures(superuser, add_regime(DAY)) == [("/market/regime", f"slot={EVENING}")]


def test_lists_do_not_load_the_scripts_of_charts(superuser):
    add_gamma(ago(0))
    page = superuser.get(reverse("admin:warehouse_gammaexposure_changelist")).content.decode()
    assert "echarts" not in page
