"""Decoding of WebSocket frames, valid and invalid. The valid ones are the provider's documented examples."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flow.delivery.batch import TradeBatch
from flow.storing.checks import check
from flow.stream.batching import Batcher
from flow.stream.enrich import Enricher
from flow.stream.rows import Contracts
from flow.stream.trade_sizes import TradeSizes
from provider.stream_messages import Aggregate, Quote, Status, Trade, Value, decode
from tests.flow.stream_server import quote, trade


def read(frame: bytes | str) -> tuple[list, Counter]:
    rejected: Counter[str] = Counter()
    return decode(frame.encode() if isinstance(frame, str) else frame, rejected), rejected


def test_a_frame_may_contain_every_kind_of_event():
    frame = (
        '[{"ev":"T","sym":"O:SPXW261120C06500000","x":302,"p":12.4,"s":2,"c":[232],"t":1795186799987,"q":51234567},'
        '{"ev":"Q","sym":"O:SPXW261120C06500000","bx":302,"ax":302,"bp":12.3,"ap":12.4,"bs":40,"as":22,'
        '"t":1795186800001,"q":51234890},{"ev":"V","val":6512.3,"T":"I:SPX","t":1795186800000},'
        '{"ev":"A","sym":"SPY","v":10,"c":651.2,"s":1795186799000,"e":1795186800000},'
        '{"ev":"status","status":"success","message":"subscribed to: T.*"}]'
    )
    contract = "O:SPXW261120C06500000"
    assert read(frame) == (
        [
            Trade(contract, 12.4, 2, 1795186799987, 51234567, 302, [232]),
            Quote(contract, 1795186800001, 12.3, 12.4, 40, 22),
            Value("I:SPX", 6512.3, 1795186800000),
            Aggregate("SPY", 651.2, 1795186800000),
            Status("success", "subscribed to: T.*"),
        ],
        Counter(),
    )


def test_conditions_may_be_absent():
    (event,), rejected = read(json.dumps([{k: v for k, v in trade(1).items() if k != "c"}]))
    assert (event.c, rejected) == (None, Counter())


def test_a_missing_side_of_a_quote_is_nan():
    (event,), _ = read(json.dumps([{k: v for k, v in quote().items() if k != "bp"}]))
    assert math.isnan(event.bp)
    assert event.ap == 12.4


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "frame is no JSON array"),
        (b"[" * 100_000, "frame is no JSON array"),
        (b'{"ev":"T"}', "frame is no JSON array"),
        (b'[{"ev":"T",', "frame is no JSON array"),
        (b"[7]", "event without a kind"),
        (b'[{"sym":"x"}]', "event without a kind"),
        (b'[{"ev":"FMV","fmv":1.0,"sym":"x","t":1}]', "event of an unknown kind"),
        (b'[{"ev":"T","sym":"x","p":1e999,"s":1,"t":1,"q":1}]', "event T breaks its type"),
        (b'[{"ev":"T","sym":"x","p":-1,"s":1,"t":1,"q":1}]', "event T breaks its type"),
        (b'[{"ev":"T","sym":"x","p":1,"s":9999999999,"t":1,"q":1}]', "event T breaks its type"),
        (b'[{"ev":"T","sym":"x","p":1,"s":1,"t":1,"q":9223372036854775808}]', "event T breaks its type"),
        (b'[{"ev":"Q","sym":"\xff","t":1}]', "event Q breaks its type"),
    ],
)
def test_an_unreadable_event_is_counted_by_its_reason(frame, reason):
    assert read(frame) == ([], Counter({reason: 1}))


def test_one_bad_event_does_not_lose_the_others_of_its_frame():
    events, rejected = read(json.dumps([trade(1), {"ev": "T", "sym": 3}, trade(2)]))
    assert [event.q for event in events] == [1, 2]
    assert rejected == Counter({"event T breaks its type": 1})


KEYS = st.sampled_from(["ev", "sym", "x", "p", "s", "c", "t", "q", "bp", "ap", "val", "T", "status"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["T", "Q", "V", "A", "status", "O:SPXW261120C06500000", "O:SPXW261399C06500000"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def altered(event: dict) -> st.SearchStrategy[dict]:
    return st.dictionaries(KEYS, VALUES, max_size=3).map(lambda changes: {**event, **changes})


CUT = st.integers(0, 200)
WHOLE = st.lists(VALUES | altered(trade(1)) | altered(quote()), max_size=6).map(
    lambda events: json.dumps(events).encode()
)
FRAMES = (
    st.binary(max_size=60)
    | WHOLE
    | st.builds(lambda frame, cut: frame[: -cut or None], WHOLE, CUT)
    | st.builds(lambda frame, cut, dirt: frame[:cut] + dirt + frame[cut:], WHOLE, CUT, st.binary(max_size=4))
    | st.integers(1, 3_000).map(lambda depth: b"[" * depth)
)


@settings(max_examples=150)
@given(st.lists(FRAMES, max_size=4))
@example([b'[null, ["\x80"]]'])  # invalid UTF-8 in an event rejects that event alone
def test_every_event_of_any_frame_is_decoded_or_counted(frames):
    enricher, batcher = Enricher(Contracts({"SPXW": "SPX"}), TradeSizes()), Batcher()
    trades = 0
    for frame in frames:
        rejected: Counter[str] = Counter()
        events = decode(frame, rejected)
        trades += sum(isinstance(event, Trade) for event in events)
        enricher.take(events, 1_795_186_800_000)
        assert set(rejected) <= REASONS
        try:
            sent = json.loads(frame.decode(errors="replace"))
        except (ValueError, RecursionError):
            sent = None
        if rejected["frame is no JSON array"]:
            assert rejected["frame is no JSON array"] == 1
        else:
            assert len(events) + rejected.total() == len(sent)
    rows = enricher.rows()
    assert len(rows) + enricher.contracts.unwatched + enricher.contracts.unreadable == trades
    batcher.add(rows, 1_795_186_800_000)
    batches = [enricher.contracts.batch(sealed) for sealed in batcher.due_batches(0, everything=True)]
    assert sum(map(len, batches)) == len(rows)
    assert [len(TradeBatch.decode(batch.encode())) for batch in batches] == [len(batch) for batch in batches]
    for batch in batches:
        check(batch, 1_795_186_800_000)


REASONS = {"frame is no JSON array", "event without a kind", "event of an unknown kind"} | {
    f"event {kind} breaks its type" for kind in ("T", "Q", "V", "A", "status")
}


@given(st.lists(st.sampled_from([trade(1), quote(), trade(2)]), max_size=5), CUT)
def test_events_before_the_end_of_a_cut_off_frame_are_kept(sent, cut):
    whole = json.dumps(sent, separators=(",", ":")).encode()
    frame = whole[: max(1, len(whole) - 1 - cut)]
    events, rejected = read(frame)
    assert rejected == Counter({"frame is no JSON array": 1})
    complete = [n for n in range(len(sent) + 1) if frame.startswith(whole_of(sent[:n]))]
    assert [event.t for event in events] == [event["t"] for event in sent[: max(complete)]]


def whole_of(events: list[dict]) -> bytes:
    """Return the beginning of a frame up to the end of these events."""
    return json.dumps(events, separators=(",", ":")).encode()[:-1]
