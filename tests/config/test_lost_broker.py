"""A worker that loses the broker closes its connection without an error, also while it holds messages."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from config.celery import app
from tests.system.proxy import Proxy

pytestmark = pytest.mark.database

QUEUES = ("lost_broker", "lost_broker_too")


def test_a_lost_connection_with_unacknowledged_messages_closes(stack):
    url = urlsplit(stack.redis_url(6))
    broker = Proxy(url.port or 0)
    through = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{broker.port}")).geturl()
    connection = app.connection_for_read(through)
    # Two channels, as of a worker: the default one, and one for remote control.
    queues = [
        connection.SimpleQueue(name, channel=channel)
        for name, channel in zip(QUEUES, (connection.default_channel, connection.channel()), strict=True)
    ]
    for queue in queues:
        queue.put("a message")
    messages = [queue.get(timeout=10) for queue in queues]  # taken and not acknowledged
    for message in messages:
        message.channel._brpop_start()  # as in the worker's loop, which waits for the next message
    broker.stop()
    connection.collect(socket_timeout=1)
    connection.close()
    for message in messages:
        with pytest.raises(connection.connection_errors):
            message.ack()
        message.channel.qos._on_collect.cancel()  # else it would be tried again when this process ends
