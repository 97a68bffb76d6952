"""What stands in a queue, at once."""

from __future__ import annotations

import queue
from typing import TypeVar

_Item = TypeVar("_Item")


def drain(waiting: queue.SimpleQueue[_Item]) -> list[_Item]:
    """All that stands in the queue now, oldest first; the queue is empty then."""
    found: list[_Item] = []
    while True:
        try:
            found.append(waiting.get_nowait())
        except queue.Empty:
            return found
