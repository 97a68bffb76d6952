"""Property tests: for any bytes, decoding returns records or raises `BadPage`, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provider import decoding
from provider.errors import BadPage, ProviderError
from provider.pagination import chain_of
from provider.statuses import error_for
from tests.provider.conftest import contract
from tests.provider.test_recorded_answers import recorded
from tests.provider.test_retry import NOW

DECODERS = [decode for name, decode in vars(decoding).items() if name.startswith("decode_")]
GOOD = recorded("options_chain_snapshot__AAPL")
LITERALS = [
    b"NaN",
    b"-Infinity",
    b"null",
    b"{}",
    b"[]",
    b'"x"',
    b"-1",
    b"1e400",
    b"18446744073709551616",
    b"\xff",
]

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def documents() -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )


def test_every_decoder_is_included() -> None:
    assert len(DECODERS) == 17


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_raise_bad_page(body: bytes) -> None:
    for decode in DECODERS:
        with suppress(BadPage):
            decode(body)


@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 40),
    st.sampled_from(LITERALS) | st.binary(max_size=4),
)
def test_a_mutated_page_keeps_or_counts_its_row(start: int, length: int, literal: bytes) -> None:
    body = GOOD[:start] + literal + GOOD[start + length :]
    try:
        page = decoding.decode_chain_page(body)
    except BadPage:
        return
    assert len(page.rows) + page.rejected.total() == 1


@given(st.lists(documents(), max_size=5))
def test_any_rows_are_kept_or_counted(rows: list[Any]) -> None:
    body = json.dumps({"results": [*rows, contract(100)]}).encode()
    chain = chain_of([body])
    assert chain.rows[-1].details.strike_price == 100
    assert len(chain.rows) + chain.rejected.total() == len(rows) + 1


@given(
    st.integers(201, 599),
    st.binary(max_size=60) | documents().map(lambda document: json.dumps(document).encode()),
    st.text(),
)
def test_any_refusal_becomes_a_short_provider_error(status: int, body: bytes, retry_after: str) -> None:
    error = error_for(status, body, retry_after, NOW)
    assert isinstance(error, ProviderError)
    assert len(str(error)) < 300
    assert str(error).isprintable()
