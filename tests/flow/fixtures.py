"""A warehouse at noon of a session, watching SPX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.partitions import drop_partitions


@pytest.fixture
def at_noon(at_market_time) -> Iterator[None]:
    """Set the market's clock to one second after NOON and watch SPX."""
    from tests.flow.trades import NOON
    from warehouse.watchlist import add_default_symbols

    at_market_time(NOON)
    add_default_symbols(["SPX"])
    yield
    drop_partitions()


@pytest.fixture
def put_batch(redis_client) -> Callable[..., str]:
    """Return a function that puts a batch, or bytes, into the inbox of the feed `options` and returns its id."""
    from flow.delivery.inbox import Inbox

    numbers = count(1)

    def put(batch) -> str:
        batch_id = f"options:boot:{next(numbers)}"
        Inbox(redis_client, "options").put(batch_id, batch if isinstance(batch, bytes) else batch.encode())
        return batch_id

    return put
