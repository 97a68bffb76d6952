"""Typed WebSocket messages. A frame is a JSON array of events; unreadable events are counted by reason."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Annotated, Any, Final

import msgspec

from provider import decoding

# The ranges of the columns that store these numbers. An event with a value outside them is rejected.
_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Millis = Annotated[int, msgspec.Meta(ge=0, le=10**14)]
_Small = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Price = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
_Conditions = Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=9999)]], msgspec.Meta(max_length=8)]

_KNOWN = frozenset({"T", "Q", "V", "A", "status"})

NO_ARRAY: Final = "frame is no JSON array"
NO_KIND: Final = "event without a kind"
BAD_TRADE: Final = "event T breaks its type"
LOSSES: Final = (NO_ARRAY, NO_KIND, BAD_TRADE)  # reasons that may conceal a lost trade


class Trade(msgspec.Struct, tag_field="ev", tag="T", gc=False):
    """An option trade. `t` is the exchange's time (epoch ms); `q` increases per contract within a session."""

    sym: str
    p: _Price  # dollars per share
    s: _Small  # contracts
    t: _Millis
    q: _Sequence
    x: _Small = 0  # exchange id
    c: _Conditions | None = None  # condition ids; the provider omits the key when there are none


class Quote(msgspec.Struct, tag_field="ev", tag="Q", gc=False, rename={"as_": "as"}):
    """The best bid and offer of an option from `t` (epoch ms) on. A missing side is NaN, or 0 if sent as 0."""

    sym: str
    t: _Millis
    bp: _Price = math.nan
    ap: _Price = math.nan
    bs: _Small = 0  # contracts
    as_: _Small = 0


class Value(msgspec.Struct, tag_field="ev", tag="V", gc=False, rename={"sym": "T"}):
    """An index level. The index's name is in `T`, not in `sym`."""

    sym: str
    val: _Price
    t: _Millis


class Aggregate(msgspec.Struct, tag_field="ev", tag="A", gc=False):
    """One second of a stock's trades. `e` is its end (epoch ms), `c` its last price."""

    sym: str
    c: _Price
    e: _Millis


class Status(msgspec.Struct, tag_field="ev", tag="status"):
    """A control message: connected, auth_success, auth_failed, success, error, max_connections, ..."""

    status: str
    message: str = ""


Event = Trade | Quote | Value | Aggregate | Status

_frames = msgspec.json.Decoder(list[Event])
_raw_events = msgspec.json.Decoder(list[msgspec.Raw])
_events = msgspec.json.Decoder(Event)


class _Kind(msgspec.Struct):
    ev: str


_kinds = msgspec.json.Decoder(_Kind)


def decode(frame: bytes, rejected: Counter[str]) -> list[Event]:
    """Return the events of a frame in their order. Never raises.

    A frame that is not an array of objects, an event of an unknown kind and an event that does not fit its type are
    left out and counted in `rejected` by reason. Of a frame that is cut off, the complete events are kept. Integers
    sent as `2.0`, a condition without its list, and null for an absent value are read.
    """
    try:
        return _frames.decode(frame)
    except (ValueError, RecursionError):
        pass
    try:  # in one pass too, for a provider that sends every size as 2.0
        return list(map(_in_variant, decoding.plain_list(frame)))
    except decoding.UNREADABLE:
        return _one_by_one(frame, rejected)


def _in_variant(event: Any) -> Event:
    """Return the event in a JSON object of which null values count as absent. Raises one of `UNREADABLE`."""
    if isinstance(event, dict):
        event = {name: value for name, value in event.items() if value is not None}
        if event.get("ev") == "T" and "c" in event:
            event["c"] = decoding.as_list(event["c"])
    converted: Event = msgspec.convert(event, Event)
    return converted


def _one_by_one(frame: bytes, rejected: Counter[str]) -> list[Event]:
    """Decode each event separately, so that one bad event does not lose the others of its frame."""
    try:
        raw_events: list[bytes] = list(map(bytes, _raw_events.decode(frame)))
    except (ValueError, RecursionError):
        rejected[NO_ARRAY] += 1
        raw_events = _before_the_break(frame)
    events: list[Event] = []
    for raw in raw_events:
        try:
            events.append(_event(raw))
        except decoding.UNREADABLE:
            rejected[_reason(raw)] += 1
    return events


def _event(raw: bytes) -> Event:
    try:
        event: Event = _events.decode(raw)
    except msgspec.ValidationError:
        return _in_variant(decoding.plain(raw))
    return event


def _before_the_break(frame: bytes) -> list[bytes]:
    """Return the complete objects at the start of a frame that is cut off or corrupted later."""
    # Bytes that are not UTF-8 are preserved, so that the decoder of the event rejects them.
    text = frame.decode(errors="surrogateescape")
    raw_events: list[bytes] = []
    at = 1 if text.startswith("[") else len(text)
    while text.startswith("{", at):
        try:
            end = _scan(text, at)[1]
        except (ValueError, RecursionError):
            break
        raw_events.append(text[at:end].encode(errors="surrogateescape"))
        at = end + text.startswith(",", end)
    return raw_events


_scan = json.JSONDecoder().raw_decode


def _reason(raw: bytes) -> str:
    """Return why an event was rejected, one of a fixed set of texts, so that the number of counters is limited."""
    try:
        kind = _kinds.decode(raw).ev
    except (ValueError, RecursionError):
        return NO_KIND
    return f"event {kind} breaks its type" if kind in _KNOWN else "event of an unknown kind"
