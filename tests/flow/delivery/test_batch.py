"""A batch comes out of its payload as it went in; anything else than a payload is refused, never misread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.delivery.batch import BadPayload, TradeBatch
from tests.flow.trades import CALL, PUT, make_batch, same

whole = st.integers(-(2**63), 2**63 - 1)
small = st.integers(-(2**31), 2**31 - 1)
real = st.floats(allow_subnormal=False)
trades = st.fixed_dictionaries(
    {
        "contract_ticker": st.sampled_from([CALL, PUT, "O:A250117P00000500"]),
        "timestamp_ms": whole,
        "sequence_number": whole,
        "price": real,
        "size": whole,
        "exchange": small,
        "condition": small,
        "conditions": st.sampled_from(["", "209,219", "201,202,203"]),
        "bid": real,
        "quote_age_ms": real,
    }
)


@settings(max_examples=100)
@given(st.lists(trades, min_size=1, max_size=30), st.sampled_from(["stream", "rest"]))
def test_a_payload_gives_back_the_batch_it_was_made_of(rows, source):
    batch = make_batch(*rows, source=source)
    assert same(TradeBatch.decode(batch.encode()), batch)


def test_an_empty_batch_has_a_payload_too():
    empty = make_batch({}).take(np.zeros(1, dtype=bool))
    assert len(TradeBatch.decode(empty.encode())) == 0


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(payload):
    with pytest.raises(BadPayload):
        TradeBatch.decode(payload)


@settings(max_examples=100)
@given(st.data())
def test_a_payload_with_one_byte_changed_or_cut_off_is_refused_or_still_a_batch(data):
    payload = bytearray(make_batch({}, {"conditions": "209,219"}).encode())
    place = data.draw(st.integers(0, len(payload) - 1))
    if data.draw(st.booleans()):
        del payload[place:]
    else:
        payload[place] ^= data.draw(st.integers(1, 255))
    try:
        TradeBatch.decode(bytes(payload))
    except BadPayload:
        return
    assert len(payload) > place  # a shorter payload never passes


def test_a_payload_that_swells_beyond_what_it_announces_is_refused():
    payload = make_batch(*[{}] * 1000).encode()
    announced = payload[:8] + (1).to_bytes(4, "little") + payload[12:]
    with pytest.raises(BadPayload, match="longer than its header says"):
        TradeBatch.decode(announced)


def test_columns_of_different_lengths_are_refused():
    batch = make_batch({}, {})
    columns = {name: getattr(batch, name) for name in TradeBatch.__dataclass_fields__}
    with pytest.raises(ValueError, match="equal lengths"):
        TradeBatch(**columns | {"price": np.array([1.0])})


def test_a_price_cannot_pass_for_a_size():
    with pytest.raises(ValueError, match="column size of a batch cannot hold float64"):
        make_batch({"size": 1.5})


def test_a_ticker_with_a_line_break_is_refused():
    with pytest.raises(ValueError, match="line break"):
        make_batch({"contract_ticker": "O:A\nB"}).encode()


def test_a_batch_is_small():
    """2,000 trades of a busy contract, prices and sizes as they come: below 30 bytes each."""
    rows = [{"price": 45.0 + number % 17 * 0.05, "size": 1 + number % 9} for number in range(2000)]
    assert len(make_batch(*rows).encode()) < 30 * 2000
