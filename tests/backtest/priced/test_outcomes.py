"""Option trades of outcomes on a small stored chain, with every price worked out by hand."""

from __future__ import annotations

import datetime as dt
from math import erf, exp, log, sqrt

import pytest

from backtest.priced.outcomes import OptionCosts
from quant import sessions
from tests.backtest.priced.chains import (
    BAR_END,
    BEFORE,
    CALL,
    CLOSE_MS,
    DAY,
    ENTERED,
    EXITED,
    FAR,
    FREE,
    MINUTE_MS,
    NEAR,
    PUT,
    chain,
    contract,
    curve,
    priced,
    reason,
)
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.partitions import drop_partitions
from tests.warehouse.rows import add_action, add_bar
from warehouse import clock

pytestmark = [pytest.mark.database]
FIVE_MS = 5 * MINUTE_MS


@pytest.fixture(autouse=True)
def market_time(at_market_time):
    at_market_time(clock.instant(CLOSE_MS))
    yield
    drop_partitions()


def black_call(
    spot: float, years: float, volatility: float, growth: float, rate: float, strike: float
) -> float:
    forward, deviation = spot * exp(growth * years), volatility * sqrt(years)
    d1 = log(forward / strike) / deviation + deviation / 2
    below = [0.5 * (1 + erf(each / sqrt(2))) for each in (d1, d1 - deviation)]
    return exp(-rate * years) * (forward * below[0] - strike * below[1])


def years_to(expiration: dt.date, at_ms: int) -> float:
    return (clock.epoch_ms(sessions.close_of(expiration)) - at_ms) / 1000 / (365 * 86_400)


def test_a_long_setup_buys_a_call_at_the_stored_quotes():
    chain(BAR_END)
    contract(EXITED, NEAR, "C", 502, delta=0.47, bid=5.6, ask=5.9, underlying_price=501.0)
    found = priced()
    paid = (
        5.10 + 0.44 * 0.2 + 0.5 * 0.02 * 0.2**2 + 0.10
    )  # moved from 499.80 to 500.00, half of the spread paid
    assert found == {
        "option_contract": CALL,
        "option_entry": pytest.approx(paid),
        "option_exit": pytest.approx(5.75 - 0.15),
        "option_pnl": pytest.approx((5.60 - paid - 2 * 0.0065) / paid),
        "option_entry_source": "quote",
        "option_exit_source": "quote",
        "option_modelled": False,
        "option_reason": "",
    }


def test_a_short_setup_buys_a_put_and_half_a_crossing_costs_half():
    chain(BAR_END)
    contract(EXITED, NEAR, "P", 498, delta=-0.40, bid=4.0, ask=4.4, underlying_price=501.0)
    found = priced(OptionCosts(0.5, 0.0), direction="SHORT")
    paid = 4.90 - 0.46 * 0.2 + 0.0004 + 0.05
    assert (found["option_contract"], found["option_entry"]) == (PUT, pytest.approx(paid))
    assert found["option_exit"] == pytest.approx(4.2 - 0.1)
    assert found["option_pnl"] == pytest.approx(4.1 / paid - 1)


def test_without_quotes_bars_of_the_contract_give_the_prices():
    chain(BAR_END, bid=None)
    for start_ms, opened, closed in (
        (BAR_END, 5.0, 5.3),
        (BAR_END + FIVE_MS, 5.4, 5.5),
        (EXITED - FIVE_MS, 6.0, 6.5),
    ):
        columns = {"symbol": CALL, "timeframe": "5m", "open": opened, "high": 7, "low": 4, "close": closed}
        add_bar(start_ms, **columns, volume=10)
    found = priced()
    # The bar of 10:30 began before the signal existed. The usual half of the spread is 2 %.
    assert found["option_entry"] == pytest.approx(5.4 + 0.108)
    assert found["option_exit"] == pytest.approx(6.5 - 0.13)
    assert (found["option_entry_source"], found["option_exit_source"]) == ("bar", "bar")
    assert found["option_modelled"] is False
    add_bar(ENTERED, symbol=CALL, open=5.2, high=7, low=4, close=5.25, volume=1)  # a minute is nearer
    assert priced()["option_entry"] == pytest.approx(5.2 + 0.104)


def test_a_bar_after_the_exit_is_no_price_of_the_entry():
    chain(BAR_END, bid=None)
    curve(BAR_END)
    add_bar(BAR_END + FIVE_MS, symbol=CALL, timeframe="5m", open=5.4, high=7, low=4, close=5.5, volume=10)
    at = BAR_END + 3 * MINUTE_MS
    found = priced(exit_minute=at, exited_at=BAR_END + 15 * MINUTE_MS)
    assert (found["option_entry_source"], found["option_exit_source"]) == ("model", "bar")
    assert found["option_modelled"] is True


def test_without_a_price_the_newest_known_volatility_gives_a_modelled_one():
    chain(BAR_END)
    curve(BAR_END)
    contract(
        EXITED - 15 * MINUTE_MS, NEAR, "C", 502, delta=0.47, underlying_price=500.6, implied_volatility=0.19
    )
    curve(EXITED - 15 * MINUTE_MS, forward=501.2)
    contract(
        EXITED, NEAR, "C", 502, delta=0.47, underlying_price=501.0, implied_volatility=0.5
    )  # known later
    found = priced()
    growth = log(501.2 / 500.6) / years_to(NEAR, EXITED - 15 * MINUTE_MS)
    value = black_call(501.0, years_to(NEAR, EXITED), 0.19, growth, 0.04, 502.0)
    assert found["option_exit"] == pytest.approx(value - max(0.05, 0.02 * value), rel=1e-9)
    assert (found["option_entry_source"], found["option_exit_source"]) == ("quote", "model")
    assert found["option_modelled"] is True


def test_without_a_volatility_of_the_contract_that_at_the_money_is_used():
    chain(BAR_END, implied_volatility=None)
    curve(BAR_END, forward=None)
    found = priced(FREE)
    value = black_call(501.0, years_to(NEAR, EXITED), 0.2, 0.04, 0.04, 502.0)
    assert found["option_exit"] == pytest.approx(value, rel=1e-9)


def test_an_exit_whose_minute_is_not_known_is_modelled():
    chain(BAR_END)
    chain(EXITED)
    curve(BAR_END)
    add_bar(EXITED - FIVE_MS, symbol=CALL, timeframe="5m", open=6, high=7, low=4, close=6, volume=10)
    assert priced()["option_exit_source"] == "quote"
    assert priced(exit_minute=None)["option_exit_source"] == "model"


@pytest.mark.parametrize("missing", [BAR_END + FIVE_MS, EXITED - FIVE_MS])
def test_an_old_volatility_does_not_stand_beside_a_stored_price(missing):
    before = clock.epoch_ms(sessions.close_of(BEFORE))
    chain(before, bid=None)
    curve(before)
    for start_ms in {BAR_END + FIVE_MS, EXITED - FIVE_MS} - {missing}:
        add_bar(start_ms, symbol=CALL, timeframe="5m", open=5.4, high=7, low=4, close=5.5, volume=10)
    if missing != EXITED - FIVE_MS:  # a volatility that was not known at the entry
        chain(EXITED - 15 * MINUTE_MS, bid=None, implied_volatility=0.4)
        curve(EXITED - 15 * MINUTE_MS)
    found = priced(FREE)
    assert (found["option_entry_source"], found["option_exit_source"]) == ("model", "model")
    growth = log(500.3 / 499.8) / years_to(NEAR, before)
    paid = black_call(500.0, years_to(NEAR, ENTERED), 0.18, growth, 0.04, 502.0)
    got = black_call(501.0, years_to(NEAR, EXITED), 0.18, growth, 0.04, 502.0)
    assert found["option_pnl"] == pytest.approx(got / paid - 1, rel=1e-9)
    add_bar(missing, symbol=CALL, timeframe="5m", open=5.4, high=7, low=4, close=5.5, volume=10)
    found = priced()
    assert (found["option_entry_source"], found["option_exit_source"]) == ("bar", "bar")


def test_a_quote_is_used_for_a_minute():
    chain(BAR_END)
    curve(BAR_END)
    chain(EXITED - 15 * MINUTE_MS)
    curve(EXITED - 15 * MINUTE_MS)
    at = EXITED - 14 * MINUTE_MS
    assert priced(exit_minute=at)["option_exit_source"] == "quote"
    assert priced(exit_minute=at + 1)["option_exit_source"] == "model"


def test_the_next_expiration_is_bought_if_the_nearest_has_no_allowed_delta():
    contract(BAR_END, NEAR, "C", 500, delta=0.60, bid=6, ask=6.2)
    contract(BAR_END, NEAR, "C", 505, delta=0.39, bid=4, ask=4.2)
    contract(BAR_END, FAR, "C", 502, delta=0.45, bid=7, ask=7.2)
    contract(BAR_END, dt.date(2026, 11, 30), "C", 502, delta=0.45, bid=3, ask=3.1)  # six days
    assert priced()["option_contract"] == "O:SPY261218C00502000"


def test_daily_trades_buy_contracts_that_outlive_them():
    january = dt.date(2027, 1, 15)
    chain(CLOSE_MS - 15 * MINUTE_MS)
    contract(CLOSE_MS - 15 * MINUTE_MS, january, "C", 510, delta=0.45, bid=12, ask=12.4)
    opens, closes = (
        clock.epoch_ms(each(DAY + dt.timedelta(days=1))) for each in (sessions.open_of, sessions.close_of)
    )
    daily = {"timeframe": "1d", "entered_at": opens, "exited_at": closes, "exit_minute": closes}
    curve(CLOSE_MS - 15 * MINUTE_MS, january)
    found = priced(**daily)
    assert (found["option_contract"], found["option_modelled"]) == ("O:SPY270115C00510000", True)


def test_the_contract_is_chosen_by_what_was_known_at_the_entry():
    before = clock.epoch_ms(sessions.close_of(BEFORE))
    contract(before, NEAR, "C", 503, delta=0.45, bid=5, ask=5.2)
    chain(BAR_END, known_at=ENTERED + 1)
    assert priced()["option_contract"] == "O:SPY261204C00503000"
    assert priced(entered_at=ENTERED + 1)["option_contract"] == CALL


def test_nothing_that_was_known_after_the_request_is_read():
    chain(BAR_END)
    curve(BAR_END)
    chain(EXITED)
    assert priced()["option_exit_source"] == "quote"
    assert priced(until_ms=EXITED + 19_999)["option_exit_source"] == "model"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"outcome_kind": "iv_change"}, "no trade of the underlying"),
        ({"entry": None}, "no entry or no exit"),
        ({"exited_at": None}, "no entry or no exit"),
        ({"entered_at": BAR_END - 1}, "no chain known at the entry"),
        ({"timeframe": "1d"}, "no expiration within the allowed days"),
        ({"exited_at": clock.epoch_ms(sessions.close_of(NEAR))}, "settled before the exit"),
        ({}, "no price at the exit"),
        ({"entered_at": ENTERED + MINUTE_MS}, "no price at the entry"),
    ],
)
def test_an_outcome_without_an_option_trade_says_why(columns, expected):
    chain(BAR_END)
    assert reason(**columns) == expected


def test_an_expiration_without_an_allowed_delta_is_a_reason():
    contract(BAR_END, NEAR, "C", 500, delta=0.60)
    contract(BAR_END, NEAR, "P", 500, delta=-0.45)
    assert reason() == "no contract with an allowed delta"


def test_a_split_while_the_contract_is_held_is_a_reason():
    chain(BAR_END)
    following = DAY + dt.timedelta(days=1)
    add_action(following, "SPY", kind="split", split_from=1, split_to=2)
    later = clock.epoch_ms(sessions.close_of(following))
    assert reason(exited_at=later, exit_minute=later) == "split while held"
