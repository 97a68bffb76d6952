"""Two beats with one schedule: one sends, and the other replaces it when it is killed; both apply edits."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.beat import LEADER_NAME
from local.launch.services import beat
from tests.system.conftest import eventually

pytestmark = pytest.mark.processes

QUEUE = "ticks"


@pytest.fixture
def sent(broker) -> Callable[[], list[tuple[int, dict]]]:
    """A function that returns every sent message, oldest first: the beat's process id and the keyword arguments."""

    def read() -> list[tuple[int, dict]]:
        messages = [json.loads(text) for text in broker.lrange(f"warehouse:{QUEUE}", 0, -1)]
        origins = [message["headers"]["origin"] for message in messages]  # gen<pid>@<host>
        arguments = [json.loads(base64.b64decode(message["body"]))[1] for message in messages]
        senders = [int(origin.removeprefix("gen").partition("@")[0]) for origin in origins]
        return list(zip(senders, arguments, strict=True))[::-1]

    return read


def leaders() -> list[bool]:
    """Return one item per connected beat: whether it holds the leader's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted)"
            " FROM pg_stat_activity a WHERE a.application_name = %s",
            [LEADER_NAME],
        )
        return sorted(row[0] for row in cursor.fetchall())


def test_one_beat_sends_applies_edits_and_is_replaced_when_killed(children, sent):
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    call_command("seed", stdout=io.StringIO())
    task = PeriodicTask.objects.create(name="tick", task="t", interval=every, queue=QUEUE)
    started = datetime.now(UTC)
    beats = {child.pid: child for child in (children.start(beat()), children.start(beat()))}

    eventually(lambda: len(sent()) >= 3 and leaders() == [False, True])
    (leader,) = {sender for sender, _ in sent()}

    task.refresh_from_db()
    task.kwargs = '{"edited": true}'
    task.save()
    eventually(lambda: sent()[-1] == (leader, {"edited": True}))
    call_command("seed", stdout=io.StringIO())

    beats.pop(leader).kill()
    (standby,) = beats
    eventually(lambda: sent()[-1][0] == standby)
    assert sent()[-1] == (standby, {"edited": True})
    assert leaders() == [True]

    beats.pop(standby).kill()
    task.refresh_from_db()
    messages, seconds = len(sent()), (datetime.now(UTC) - started).total_seconds()
    assert messages <= seconds + 1
    assert messages - task.total_run_count in (0, 1)  # the killed beat may have sent one without counting it
