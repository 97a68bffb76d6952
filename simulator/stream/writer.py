"""Output of one connection: frames, back-pressure, and injected faults.

Frame faults apply to the next frames of events and not to control messages, so that a client can recognise the fault by
the events that it loses.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from simulator.stream.events import encode, frames
from simulator.stream.websocket import close_frame, frame

FRAME_FAULTS = ("garbage", "truncated", "duplicate", "reordering")
_GARBAGE = b"<html>502 Bad Gateway</html>"
_SLOW_STEP_SECONDS = 0.05


class Writer:
    """The outgoing side of one connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        # Back-pressure is measured by the unsent bytes; the transport's own pausing is disabled.
        transport.set_write_buffer_limits(high=1 << 40)
        self._faults: deque[str] = deque()
        self._silent_until = 0.0
        self._bytes_per_second = 0
        self._slow_until = 0.0
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self.sent_events = 0
        self.pongs = True

    @property
    def unsent(self) -> int:
        """The number of bytes that the client has not received yet."""
        return self._held_bytes + self._transport.get_write_buffer_size()

    @property
    def silent(self) -> bool:
        """Whether a `silent` fault is active."""
        return time.monotonic() < self._silent_until

    @property
    def spoiling(self) -> bool:
        """Whether the next frame of events will be corrupted."""
        return bool(self._faults)

    def spoil(self, kind: str, times: int) -> None:
        """Apply one of FRAME_FAULTS to the next frames of events."""
        self._faults.extend([kind] * times)

    def fall_silent(self, seconds: float, pongs: bool) -> None:
        """Discard everything to be sent for `seconds`."""
        self._silent_until, self.pongs = time.monotonic() + seconds, pongs
        self._loop.call_later(seconds, setattr, self, "pongs", True)

    def slow_down(self, bytes_per_second: int, seconds: float) -> None:
        """Send at most `bytes_per_second` for `seconds`."""
        idle = not self._bytes_per_second
        self._bytes_per_second, self._slow_until = bytes_per_second, time.monotonic() + seconds
        if idle:
            self._trickle()

    def events(self, messages: list[Any]) -> None:
        """Send events, several hundred per frame."""
        if self.silent or not messages:
            return
        self.sent_events += len(messages)
        if not self._faults:
            self._put(b"".join(map(frame, frames(messages))))
            return
        if self._faults[0] == "reordering":
            self._faults.popleft()
            messages = messages[::-1]
        for payload in frames(messages):
            self._put(self._spoiled(payload))

    def statuses(self, messages: list[Any]) -> None:
        """Send control messages in separate frames."""
        if not self.silent:
            self._put(b"".join(map(frame, frames(messages))))

    def pong(self, payload: bytes, opcode: int) -> None:
        """Send the response to a ping, unless a fault suppresses it."""
        if self.pongs:
            self._put(frame(payload, opcode))

    def end(self, code: int | None, messages: list[Any]) -> None:
        """Send unsent data and `messages`, then close; with `code` None without a close frame."""
        rest = b"".join(self._held) + (frame(encode(messages)) if messages else b"")
        self._held.clear()
        self._held_bytes = 0
        self._transport.write(rest + (close_frame(code) if code is not None else b""))
        self._transport.close()

    def _spoiled(self, payload: bytes) -> bytes:
        kind = self._faults.popleft() if self._faults else ""
        if kind == "garbage":
            return frame(_GARBAGE) + frame(payload)
        if kind == "truncated":
            return frame(payload[: len(payload) // 2])
        return frame(payload) * (2 if kind == "duplicate" else 1)

    def _put(self, data: bytes) -> None:
        if self._bytes_per_second:
            self._held.append(data)
            self._held_bytes += len(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def _trickle(self) -> None:
        """Send the bytes that the rate allows for one step."""
        if self._transport.is_closing():
            return
        over = time.monotonic() >= self._slow_until
        room = self._held_bytes if over else int(self._bytes_per_second * _SLOW_STEP_SECONDS) + 1
        while self._held and room > 0:
            piece = self._held.popleft()
            if len(piece) > room:
                self._held.appendleft(piece[room:])
                piece = piece[:room]
            room -= len(piece)
            self._held_bytes -= len(piece)
            self._transport.write(piece)
        if over:
            self._bytes_per_second = 0
        else:
            self._loop.call_later(_SLOW_STEP_SECONDS, self._trickle)
