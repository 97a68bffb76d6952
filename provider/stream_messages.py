"""What the live socket sends, typed. A frame is a JSON array of events; what cannot be read is counted by reason."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Annotated, Final

import msgspec

# Bounds of what the columns behind these numbers hold; a value outside is a broken event, not a market.
_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Millis = Annotated[int, msgspec.Meta(ge=0, le=10**14)]
_Small = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Price = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
_Conditions = Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=9999)]], msgspec.Meta(max_length=8)]

_KNOWN = frozenset({"T", "Q", "V", "A", "status"})

NO_ARRAY: Final = "frame is no JSON array"
NO_KIND: Final = "event without a kind"
BAD_TRADE: Final = "event T breaks its type"
LOSSES: Final = (NO_ARRAY, NO_KIND, BAD_TRADE)  # reasons that may stand for a trade


class Trade(msgspec.Struct, tag_field="ev", tag="T", gc=False):
    """An option trade. `t` is the exchange's time in epoch ms, `q` rises per contract within a session."""

    sym: str
    p: _Price  # dollars per share
    s: _Small  # contracts
    t: _Millis
    q: _Sequence
    x: _Small = 0  # exchange id
    c: _Conditions | None = None  # condition ids; the provider leaves the key out where there are none


class Quote(msgspec.Struct, tag_field="ev", tag="Q", gc=False, rename={"as_": "as"}):
    """The best bid and offer of an option from `t` (epoch ms) on. A missing side is NaN, or 0 as sent."""

    sym: str
    t: _Millis
    bp: _Price = math.nan
    ap: _Price = math.nan
    bs: _Small = 0  # contracts
    as_: _Small = 0


class Value(msgspec.Struct, tag_field="ev", tag="V", gc=False, rename={"sym": "T"}):
    """An index's level. Its name stands under `T`, not under `sym`."""

    sym: str
    val: _Price
    t: _Millis


class Aggregate(msgspec.Struct, tag_field="ev", tag="A", gc=False):
    """A second of a stock's trades; `e` is its end in epoch ms, `c` its last price."""

    sym: str
    c: _Price
    e: _Millis


class Status(msgspec.Struct, tag_field="ev", tag="status"):
    """A control message: connected, auth_success, auth_failed, success, error, max_connections, ..."""

    status: str
    message: str = ""


Event = Trade | Quote | Value | Aggregate | Status

_frames = msgspec.json.Decoder(list[Event])
_pieces = msgspec.json.Decoder(list[msgspec.Raw])
_events = msgspec.json.Decoder(Event)


class _Kind(msgspec.Struct):
    ev: str


_kinds = msgspec.json.Decoder(_Kind)


def decode(frame: bytes, rejected: Counter[str]) -> list[Event]:
    """The events of a frame in their order. Never raises: a frame that is no array of objects, an unknown
    kind of event and an event that breaks its type are left out and counted in `rejected` by reason. Of a frame
    that breaks off the events before the break are kept."""
    try:
        return _frames.decode(frame)
    except (ValueError, RecursionError):
        return _one_by_one(frame, rejected)


def _one_by_one(frame: bytes, rejected: Counter[str]) -> list[Event]:
    """One bad event must not take the hundred good ones of its frame with it."""
    try:
        pieces: list[bytes] = list(map(bytes, _pieces.decode(frame)))
    except (ValueError, RecursionError):
        rejected[NO_ARRAY] += 1
        pieces = _before_the_break(frame)
    events: list[Event] = []
    for piece in pieces:
        try:
            events.append(_events.decode(piece))
        except (ValueError, RecursionError):
            rejected[_reason(piece)] += 1
    return events


def _before_the_break(frame: bytes) -> list[bytes]:
    """The whole objects at the start of a frame that was cut off or garbled further on."""
    # Bytes that are no UTF-8 come out of this as they were, for the decoder of the event to refuse.
    text = frame.decode(errors="surrogateescape")
    pieces: list[bytes] = []
    at = 1 if text.startswith("[") else len(text)
    while text.startswith("{", at):
        try:
            end = _scan(text, at)[1]
        except (ValueError, RecursionError):
            break
        pieces.append(text[at:end].encode(errors="surrogateescape"))
        at = end + text.startswith(",", end)
    return pieces


_scan = json.JSONDecoder().raw_decode


def _reason(piece: bytes) -> str:
    """From a fixed set of sentences: the counters must stay few whatever is sent."""
    try:
        kind = _kinds.decode(piece).ev
    except (ValueError, RecursionError):
        return NO_KIND
    return f"event {kind} breaks its type" if kind in _KNOWN else "event of an unknown kind"
