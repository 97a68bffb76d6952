"""A cadence that is edited in the admin, and run now there, is obeyed by a real worker."""

from __future__ import annotations

import base64
import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from local.launch.services import worker
from tests.ingestion.market import SLOT
from tests.system.conftest import eventually
from tests.web.admin.accounts import logged_in, member
from warehouse import clock

pytestmark = pytest.mark.processes

LATER = timedelta(minutes=5)


@pytest.fixture
def operator(children, settings, stack, redis_client, clock_offset_ms):
    """An operator of a seeded warehouse five minutes after SLOT, with a worker on the broker of this process."""
    settings.CLOCK_OFFSET_MS = clock_offset_ms + LATER // timedelta(milliseconds=1)
    call_command("seed", symbols="SPX", stdout=io.StringIO())
    children.start(
        worker("default"), REDIS_URL=stack.redis_url(), CLOCK_OFFSET_MS=str(settings.CLOCK_OFFSET_MS)
    )
    return logged_in(member("operator"))


def test_the_edited_cadence_is_obeyed_when_the_task_is_run_now(operator, redis_client):
    entry = PeriodicTask.objects.get(name="Option chains")
    form = {"name": entry.name, "task": entry.task, "crontab": entry.crontab_id, "enabled": "on"}
    form |= {"queue": "default", "every_minutes": "5", "window_from": "09:30", "window_until": "16:00"}
    change = reverse("admin:django_celery_beat_periodictask_change", args=[entry.pk])
    assert operator.post(change, form).status_code == 302
    run = reverse("admin:django_celery_beat_periodictask_run", args=[entry.pk])
    assert operator.post(run).status_code == 302
    eventually(lambda: redis_client.llen("warehouse:ingest"))
    message = json.loads(redis_client.lindex("warehouse:ingest", 0))
    symbol, slot, _ = json.loads(base64.b64decode(message["body"]))[0]
    assert (symbol, slot) == ("SPX", clock.epoch_ms(SLOT + LATER))
