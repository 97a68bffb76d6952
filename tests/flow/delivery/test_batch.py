"""A decoded payload equals the encoded batch; any other bytes are rejected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.delivery.batch import BadPayload, TradeBatch
from quant.trades.reports import UNKNOWN
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
def test_decoded_payload_equals_the_batch(rows, source):
    batch = make_batch(*rows, source=source)
    assert same(TradeBatch.decode(batch.encode()), batch)


# The payload of `make_batch({"sequence_number": 7})` by the version before sizes, rates and reports were sent.
FIRST_VERSION = bytes.fromhex(
    "50524e540100000001000000150000000000000078016360606068b835f3fd4246060676201b04ce9e01810ff65c102e831e"
    "50ee2294cdc0f0c17ed64c10f8680f11527140a545c07c87949d50710d286de2b0026a8fbf55704044b89199a191a185b381"
    "99a901080000172f1ca2"
)


def test_payload_of_the_first_version_is_read_and_what_it_lacks_is_unknown():
    batch = TradeBatch.decode(FIRST_VERSION)
    assert (batch.sequence_number.tolist(), batch.size.tolist(), batch.average_size.tolist()) == (
        [7],
        [10],
        [20.0],
    )
    assert np.isnan([*batch.large_size, *batch.trade_rate]).all()
    assert batch.first_report.tolist() == batch.last_report.tolist() == [UNKNOWN]


def test_empty_batch_has_a_payload():
    empty = make_batch({}).take(np.zeros(1, dtype=bool))
    assert len(TradeBatch.decode(empty.encode())) == 0


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_rejected(payload):
    with pytest.raises(BadPayload):
        TradeBatch.decode(payload)


@settings(max_examples=100)
@given(st.data())
def test_damaged_payload_is_rejected_or_still_a_batch(data):
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
    assert len(payload) > place  # a truncated payload never passes


def test_payload_longer_than_its_header_says_is_rejected():
    payload = make_batch(*[{}] * 1000).encode()
    announced = payload[:8] + (1).to_bytes(4, "little") + payload[12:]
    with pytest.raises(BadPayload, match="longer than its header says"):
        TradeBatch.decode(announced)


def test_columns_of_different_lengths_are_rejected():
    batch = make_batch({}, {})
    columns = {name: getattr(batch, name) for name in TradeBatch.__dataclass_fields__}
    with pytest.raises(ValueError, match="equal lengths"):
        TradeBatch(**columns | {"price": np.array([1.0])})


def test_fractional_size_is_rejected():
    with pytest.raises(ValueError, match="column size of a batch cannot hold float64"):
        make_batch({"size": 1.5})


def test_ticker_with_a_line_break_is_rejected():
    with pytest.raises(ValueError, match="line break"):
        make_batch({"contract_ticker": "O:A\nB"}).encode()


def test_payload_is_below_30_bytes_per_trade():
    """2,000 trades of a busy contract with realistic prices and sizes."""
    rows = [{"price": 45.0 + number % 17 * 0.05, "size": 1 + number % 9} for number in range(2000)]
    assert len(make_batch(*rows).encode()) < 30 * 2000
