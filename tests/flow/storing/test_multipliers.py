"""Trades of adjusted contracts: stored under the underlying with the multiplier of the stored chain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flow.stream.rows import Contracts
from tests.flow.trades import CALL, NOON_MS, make_batch, process
from tests.warehouse.rows import add_greeks
from warehouse.models import OptionsFlow
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon", "watched")]

AMD, AMD1, AMD2 = (f"O:AMD{digit}261218C00100000" for digit in ("", "1", "2"))
MINUTE_MS, DAY_MS, ISO = 60_000, 86_400_000, 219
SLOT_MS = NOON_MS - 15 * MINUTE_MS  # the newest slot that a trade at noon may use


@pytest.fixture
def watched(at_noon) -> None:
    add_default_symbols(["AMD"])


def add_multiplier(ticker: str, multiplier: int | None, at_ms: int = SLOT_MS, symbol: str = "AMD") -> None:
    add_greeks(at_ms, ticker, symbol=symbol, multiplier=multiplier)


def stored(*names: str) -> list[tuple[Any, ...]]:
    return list(OptionsFlow.objects.order_by("sequence_number").values_list(*names))


def test_the_premium_counts_the_shares_of_the_contract():
    add_multiplier(AMD1, 150)
    add_multiplier(AMD2, 10)
    process(make_batch({"contract_ticker": AMD1}, {"contract_ticker": AMD2}, {"contract_ticker": AMD}))
    assert stored("symbol", "contract_ticker", "multiplier", "premium") == [
        ("AMD", AMD1, 150, Decimal("1575")),  # 1.05 x 10 x 150
        ("AMD", AMD2, 10, Decimal("105")),
        ("AMD", AMD, 100, Decimal("1050")),
    ]


def test_without_a_known_multiplier_the_premium_is_unknown():
    add_multiplier(AMD1, None)
    process(make_batch({"contract_ticker": AMD1}, {"contract_ticker": AMD2}, {"contract_ticker": AMD}))
    assert stored("symbol", "multiplier", "premium") == [
        ("AMD", None, None),
        ("AMD", None, None),
        ("AMD", 100, Decimal("1050")),
    ]


def test_an_unknown_premium_makes_no_sweep_unusual():
    """101,000 dollars if the contract delivered 100 shares; the size still makes it a block."""
    sweep = {"price": 2.0, "size": 505, "condition": ISO}
    done = process(make_batch({**sweep, "contract_ticker": AMD1}, {**sweep, "contract_ticker": AMD}))
    assert stored("contract_ticker", "is_sweep", "is_block", "is_unusual_volume") == [
        (AMD1, True, True, False),
        (AMD, True, True, True),
    ]
    assert [found.contract_ticker for found in done.sweeps] == [AMD]


@pytest.mark.parametrize(("multiplier", "unusual"), [(100, False), (101, True)])
def test_a_sweep_is_unusual_by_its_own_premium(multiplier, unusual):
    add_multiplier(AMD1, multiplier)
    process(make_batch({"price": 2.0, "size": 500, "condition": ISO, "contract_ticker": AMD1}))
    assert stored("is_unusual_volume") == [(unusual,)]


@pytest.mark.parametrize(
    ("age_ms", "multiplier"),
    [(15 * MINUTE_MS, 150), (15 * MINUTE_MS - 1, None), (4 * DAY_MS, 150), (6 * DAY_MS, None)],
)
def test_the_chain_is_at_least_15_minutes_and_at_most_five_days_old(age_ms, multiplier):
    """A newer chain may not have been stored when the trade was processed the first time."""
    add_multiplier(AMD1, 150, NOON_MS - age_ms)
    process(make_batch({"contract_ticker": AMD1}))
    assert stored("multiplier") == [(multiplier,)]


def test_each_quarter_of_an_hour_has_its_own_chain():
    """The contract is listed as adjusted from the second slot on."""
    add_multiplier(AMD, 100, NOON_MS - 30 * MINUTE_MS)
    add_multiplier(AMD1, 150, SLOT_MS)
    times = (NOON_MS - MINUTE_MS, NOON_MS)
    process(make_batch(*({"contract_ticker": AMD1, "timestamp_ms": at} for at in times)))
    assert stored("timestamp", "multiplier") == [(times[0], None), (times[1], 150)]


def test_a_chain_of_another_symbol_does_not_count():
    add_multiplier(AMD1, 150, symbol="SPX")
    process(make_batch({"contract_ticker": AMD1}))
    assert stored("multiplier") == [(None,)]


def test_trades_of_standard_contracts_read_no_chain():
    with CaptureQueriesContext(
        connection,
    ) as queries:
        process(make_batch({}, {"contract_ticker": AMD}))
    assert not [query for query in queries.captured_queries if "historical_greeks" in query["sql"]]
    assert stored("contract_ticker", "multiplier") == [(CALL, 100), (AMD, 100)]


def test_the_consumer_takes_adjusted_contracts_of_watched_roots():
    contracts = Contracts({"AMD": "AMD", "SPXW": "SPX"})
    number, symbol = contracts.number(AMD1)
    assert (contracts.symbols[symbol], contracts.number(AMD1)) == ("AMD", (number, symbol))
    assert contracts.number("O:AMDX261218C00100000") is None
    assert contracts.number("O:AMD11261218C00100000") is None
    assert contracts.unwatched == 2
    contracts.watch({"AMD": "AMD"})
    assert contracts.number(AMD1) == (number, symbol)
    contracts.watch({"SPXW": "SPX"})
    assert contracts.number(AMD1) is None
