"""A message broker that cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import current_app
from kombu import pools

from tests.ports import closed_port


@pytest.fixture
def broker_away() -> Iterator[None]:
    """The broker of this process is an address where nothing listens."""

    def use(url: str | None) -> None:
        current_app.conf.broker_write_url = url
        pools.reset()
        current_app._pool = current_app.amqp._producer_pool = None

    before = current_app.conf.broker_write_url
    use(f"redis://127.0.0.1:{closed_port()}/0")
    yield
    use(before)
