"""Seeding fills a new warehouse; seeding again keeps the edits of operators."""

from __future__ import annotations

import io
import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from tests.ingestion.market import CALL, page, row
from tests.provider.server import ScriptedProvider, ok
from warehouse.models import WatchlistEntry

pytestmark = pytest.mark.django_db


def seed(**options) -> str:
    """What the command prints."""
    output = io.StringIO()
    call_command("seed", stdout=output, **options)
    return output.getvalue()


@pytest.fixture
def provider(settings):
    """A provider that has options of AAPL alone."""
    server = ScriptedProvider()
    server.tell("/v3/snapshot/options/AAPL", ok(page(row(CALL))))
    settings.MASSIVE_BASE_URL = server.url
    yield server
    server.stop()


def everything() -> list[list[dict]]:
    models = (WatchlistEntry, PeriodicTask, PeriodicTasks, CrontabSchedule, get_user_model())
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_new_warehouse_gets_five_symbols_its_schedule_and_one_admin():
    seed()
    assert sorted(WatchlistEntry.objects.values_list("symbol", flat=True)) == [
        "IWM",
        "NDX",
        "QQQ",
        "SPX",
        "SPY",
    ]
    chains = PeriodicTask.objects.get(task="ingestion.tasks.ingest_due")
    assert (chains.enabled, chains.queue, chains.crontab.timezone.key) == (True, "default", "UTC")
    assert json.loads(chains.kwargs) == {"every_minutes": 15, "window": "09:30-16:00"}
    admin = get_user_model().objects.get()
    assert (admin.username, admin.is_superuser, admin.is_staff) == ("admin", True, True)


def test_the_symbols_to_watch_can_be_given():
    seed(symbols="spy, TSLA")
    assert sorted(WatchlistEntry.objects.values_list("symbol", flat=True)) == ["SPY", "TSLA"]


@pytest.mark.parametrize(
    ("symbols", "sentence"),
    [
        ("SPY,SPXW", "SPXW is a root of SPX; watch SPX. Nothing was added."),
        ("AAPL,XYZQ", "The provider lists no options of XYZQ. Nothing was added."),
    ],
)
def test_a_symbol_that_cannot_be_watched_is_refused_and_nothing_added(provider, symbols, sentence):
    with pytest.raises(CommandError) as refused:
        seed(symbols=symbols)
    assert str(refused.value) == sentence
    assert [len(rows) for rows in everything()] == [0] * 5


def test_a_root_of_another_entry_is_refused():
    seed(symbols="AAPL")
    WatchlistEntry.objects.update(roots=["AAPL", "MSFT"])
    with pytest.raises(CommandError) as refused:
        seed(symbols="MSFT")
    assert str(refused.value) == "The root MSFT belongs to AAPL. Nothing was added."


def test_a_symbol_is_added_with_a_note_if_the_provider_gives_no_answer():
    assert "TSLA is added without asking the provider: " in seed(symbols="TSLA,SPY")
    assert WatchlistEntry.objects.count() == 2


def test_the_groups_of_users_are_added():
    assert "groups: 3 added" in seed()
    assert set(Group.objects.values_list("name", flat=True)) == {"viewer", "operator", "administrator"}


def test_seeding_again_changes_nothing():
    seed()
    before = everything()
    seed()
    assert everything() == before


def test_edits_of_operators_are_kept():
    seed()
    half_hour = IntervalSchedule.objects.create(every=30, period=IntervalSchedule.MINUTES)
    chains = PeriodicTask.objects.get(task="ingestion.tasks.ingest_due")
    chains.kwargs, chains.crontab, chains.interval = '{"every_minutes": 30}', None, half_hour
    chains.save()
    PeriodicTask.objects.exclude(pk=chains.pk).update(enabled=False)
    WatchlistEntry.objects.filter(symbol="SPX").update(ingest_chain=False, strike_band_pct=20)
    before = everything()
    seed()
    assert everything() == before


def test_the_password_is_shown_once_and_never_stored_or_logged(caplog):
    caplog.set_level("DEBUG")
    (line,) = [line for line in seed().splitlines() if "admin" in line]
    password = line.split()[4]
    admin = get_user_model().objects.get()
    assert len(password) == 20
    assert admin.check_password(password)
    assert password not in str(everything())
    assert password not in caplog.text
    assert password not in seed()


def test_a_given_password_is_used_and_not_shown(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "chosen by the operator")
    output = seed()
    assert "admin user: admin\n" in output
    assert "chosen" not in output
    assert get_user_model().objects.get(username="admin").check_password("chosen by the operator")


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [("A" * 17, "A" * 17), ("A" * 5000, f"{'A' * 19}…"), ("12", "12"), ("I:SPX", "I:SPX")],
)
def test_a_text_that_is_no_symbol_is_not_watched(symbol, shown):
    with pytest.raises(
        CommandError, match=f"'{shown}' is no bare symbol, such as SPX or BRK.B, of at most 16"
    ):
        call_command("seed", symbols=symbol)
    assert not WatchlistEntry.objects.exists()
