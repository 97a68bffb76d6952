"""IV, delta and size over open interest on the tape: of the contract at the last slot before the trade, or absent."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from quant.sessions import DAY_MS
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_greeks, add_trade
from tests.web.lists.addresses import listing, text, yesterday_ms
from warehouse.models import GammaSlot

pytestmark = [pytest.mark.database, pytest.mark.django_db]
CALL, PUT = "O:SPXW251219C06475000", "O:SPXW251219P06475000"
COLUMNS = ("IV", "delta", "size / OI")


@pytest.fixture
def ten():
    """Ten o'clock of yesterday in New York, epoch ms."""
    return yesterday_ms() + 10 * HOUR_MS


def add_chain(slot: int, ticker: str = CALL, symbol: str = "SPX", **columns) -> None:
    GammaSlot.objects.get_or_create(
        symbol=symbol, timestamp=slot, defaults={"oi_source": "provider", "method_version": "test"}
    )
    known = {"implied_volatility": 0.1234, "delta": 0.456, "open_interest": 100}
    add_greeks(slot, ticker, symbol=symbol, **known | columns)


def of_chain(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in COLUMNS) for row in rows]


def test_a_trade_shows_its_contract_at_the_last_slot_before_it(shown, ten):
    add_chain(ten, implied_volatility=0.2, delta=-0.5, open_interest=1000)
    add_chain(ten, PUT, implied_volatility=0.9)
    add_chain(ten + 15 * MINUTE_MS)
    add_trade(ten + 15 * MINUTE_MS - 1, 1, contract_ticker=CALL, size=250)
    add_trade(ten + 15 * MINUTE_MS, 2, contract_ticker=CALL, size=250)
    assert of_chain(shown("optionsflow")) == [("12.3 %", "+0.46", "2.5×"), ("20.0 %", "−0.50", "0.2×")]


def test_only_a_size_above_the_open_interest_is_bold(superuser, ten):
    add_chain(ten, open_interest=100)
    for number, size in enumerate([4, 100, 101]):
        add_trade(ten + number, number, contract_ticker=CALL, size=size)
    rows = superuser.get(listing("optionsflow")).context["rows"]
    cells = [next(one["text"] for one in row["cells"] if one["heading"] == "size / OI") for row in rows]
    assert cells == ["<b>1.0×</b>", "1.0×", "<0.1×"]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ({"implied_volatility": None, "iv_status": "no_quote"}, ("– no quote", "+0.46", "2.5×")),
        ({"delta": None}, ("12.3 %", "–", "2.5×")),
        ({"open_interest": None}, ("12.3 %", "+0.46", "–")),
        ({"open_interest": 0}, ("12.3 %", "+0.46", "– OI 0")),
    ],
)
def test_a_value_that_the_chain_lacks_is_absent_and_never_zero(shown, ten, columns, cells):
    add_chain(ten, **columns)
    add_trade(ten, contract_ticker=CALL, size=250)
    assert of_chain(shown("optionsflow")) == [cells]


@pytest.mark.parametrize("case", ["none", "later", "day before", "other symbol", "other contract"])
def test_a_trade_without_a_slot_of_its_contract_says_so(shown, ten, case):
    if case == "later":
        add_chain(ten + 1)
    elif case == "day before":
        add_chain(ten - DAY_MS)
        add_trade(ten - DAY_MS, 2, contract_ticker=CALL)
    elif case == "other symbol":
        add_chain(ten, symbol="SPY")
    elif case == "other contract":
        add_chain(ten, PUT)
    add_trade(ten, contract_ticker=CALL)
    assert of_chain(shown("optionsflow"))[0] == ("– no slot", "–", "–")


def test_two_statements_read_the_chains_of_all_rows(superuser, ten):
    for number in range(6):
        symbol, slot = ("SPX", "SPY")[number % 2], ten + number * 15 * MINUTE_MS
        add_chain(slot, symbol=symbol)
        add_trade(slot + 1, number, symbol=symbol, contract_ticker=CALL)
    with CaptureQueriesContext(connection) as queries:
        page = superuser.get(listing("optionsflow")).content.decode()
    statements = [
        one["sql"] for one in queries if "gamma_slots" in one["sql"] or "historical_greeks" in one["sql"]
    ]
    assert len(statements) == 2
    assert text(page).count("12.3 %") == 6


def test_a_list_without_rows_reads_no_chain(superuser):
    with CaptureQueriesContext(connection) as queries:
        superuser.get(listing("optionsflow"))
    assert not [one for one in queries if "gamma_slots" in one["sql"]]
