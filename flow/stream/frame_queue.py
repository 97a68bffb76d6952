"""The bounded queue between the socket's thread, which must not block for long, and the decoder's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from provider.stream_client import Delivery

Call = Callable[[], None]


class Received(NamedTuple):
    """A delivery and its time of arrival, epoch ms of the market's clock."""

    at_ms: int
    delivery: Delivery


class FrameQueue:
    """Queue of received messages and of function calls, in order of arrival, with at most a number of bytes.

    A full queue makes the socket's thread wait, which slows the provider down. If that does not help, frames are
    dropped, and `on_dropped` is called with their number, in their place in the order.
    """

    def __init__(self, max_bytes: int, wait_seconds: float, on_dropped: Callable[[int], None]) -> None:
        self.bytes = 0
        self.dropped = 0
        self._max_bytes, self._wait_seconds, self._on_dropped = max_bytes, wait_seconds, on_dropped
        self._items: deque[Received | Call] = deque()
        self._missing = 0  # frames dropped since the last item
        self._changed = threading.Condition()

    def put(self, item: Received) -> None:
        """Queue a delivery. Called on the socket's thread. Control deliveries are never dropped."""
        size = len(item.delivery.payload)
        with self._changed:
            if item.delivery.kind == "frame" and not self._has_room(size):
                self._missing += 1
                self.dropped += 1
                return
            self._report_missing()
            self._items.append(item)
            self.bytes += size
            self._changed.notify_all()

    def call(self, call: Call) -> None:
        """Make the decoder's thread call a function after everything received before."""
        with self._changed:
            self._items.append(call)
            self._changed.notify_all()

    def take(self, timeout_seconds: float) -> list[Received | Call]:
        """Return all items in order; wait up to the timeout when there are none."""
        with self._changed:
            if not self._items:
                self._changed.wait(timeout_seconds)
            self._report_missing()
            items = list(self._items)
            self._items.clear()
            self.bytes = 0
            self._changed.notify_all()
        return items

    def _has_room(self, size: int) -> bool:
        def fits() -> bool:
            return self.bytes == 0 or self.bytes + size <= self._max_bytes

        # After a drop, do not wait again until there is room: waiting has proved useless.
        return fits() or (not self._missing and self._changed.wait_for(fits, self._wait_seconds))

    def _report_missing(self) -> None:
        if self._missing:
            missing, self._missing = self._missing, 0
            self._items.append(lambda: self._on_dropped(missing))
