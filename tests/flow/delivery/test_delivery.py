"""The table does not depend on how often, how late and in which order trades are delivered."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flow.trades import CALL, NOON_MS, PUT, every_trade, make_batch, process
from warehouse.models import OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]
QUICK = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TRADE = st.fixed_dictionaries(
    {
        "contract_ticker": st.sampled_from([CALL, PUT]),
        "after": st.sampled_from([0, 1, 200, 499, 501, 3_000]),  # ms since the previous trade
        "price": st.sampled_from([1.00, 1.02, 1.10]),
        "size": st.integers(1, 30),
        "exchange": st.sampled_from([302, 313]),
        "condition": st.sampled_from([209, 209, 219, 232, 203]),
    }
)


def table(batches) -> list[dict]:
    """Return the table after these batches."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE options_flow_history")
    for batch in batches:
        process(batch)
    return every_trade()


def stream(trades: list[dict]) -> list[dict]:
    at_ms, rows = NOON_MS, []
    for each in trades:
        at_ms += each["after"]
        rows.append({**{k: v for k, v in each.items() if k != "after"}, "timestamp_ms": at_ms})
    return rows


@QUICK
@given(st.lists(TRADE, min_size=1, max_size=25), st.data())
def test_order_and_repetition_of_batches_change_nothing(trades, data):
    """Batches end where no window is open, as those of the consumer do."""
    rows = stream(trades)
    whole = make_batch(*rows)
    pauses = [n for n, (a, b) in enumerate(pairwise(rows), 1) if b["timestamp_ms"] - a["timestamp_ms"] > 500]
    batches = [whole.take(slice(*edges)) for edges in pairwise([0, *pauses, len(rows)])]
    delivered = data.draw(
        st.permutations(batches + data.draw(st.lists(st.sampled_from(batches), max_size=3)))
    )
    assert table(delivered) == table(batches)


@QUICK
@given(st.lists(TRADE, min_size=1, max_size=25), st.data())
def test_order_and_repetition_of_trades_in_a_batch_change_nothing(trades, data):
    whole = make_batch(*stream(trades))
    places = list(range(len(whole)))
    again = data.draw(st.lists(st.sampled_from(places), max_size=5))
    shuffled = data.draw(st.permutations(places + again))
    assert table([whole.take(np.array(shuffled))]) == table([whole])


def test_trade_delivered_twice_is_no_split():
    small = {"price": 1.10, "size": 6, "sequence_number": 1}
    process(make_batch(small, small))
    assert OptionsFlow.objects.count() == 0
