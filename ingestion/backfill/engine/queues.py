"""Helper for queues."""

from __future__ import annotations

import queue
from typing import TypeVar

_Item = TypeVar("_Item")


def drain(waiting: queue.SimpleQueue[_Item]) -> list[_Item]:
    """Remove and return all items of a queue, oldest first."""
    items: list[_Item] = []
    while True:
        try:
            items.append(waiting.get_nowait())
        except queue.Empty:
            return items
