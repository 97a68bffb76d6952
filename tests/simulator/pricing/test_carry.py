"""The zero curve, the forwards of chains, and the fall of the price on ex-dates."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from quant.sessions import previous_session
from simulator.market.market import SyntheticMarket
from tests.simulator.servers import INSTANT


def test_the_curve_falls_with_maturity_and_moves_slowly(market: SyntheticMarket) -> None:
    for year in (2024, 2025, 2026):
        date = dt.date(year, 3, 12)
        month, years = market.zero_rate(date, 1 / 12), market.zero_rate(date, 3.0)
        assert 0.049 < month < 0.057
        assert 0.036 < years < 0.044
        assert month - years > 0.01
        following = market.zero_rate(date + dt.timedelta(days=1), 1.0)
        assert 0 < abs(following - market.zero_rate(date, 1.0)) < 2e-4


@pytest.mark.parametrize("symbol", ["SPX", "SPY", "TSLA"])
def test_every_symbol_has_the_rates_of_the_curve(market: SyntheticMarket, symbol: str) -> None:
    truth = market.chain_truth(symbol, INSTANT)
    alive = truth.years > 0.003
    # The rate of a settlement is that of the open of the session, two hours before.
    since_open = 2 / (24 * 365)
    expected = [market.zero_rate(truth.moment.session, years + since_open) for years in truth.years[alive]]

    np.testing.assert_allclose(truth.rate[alive], expected, rtol=1e-12)
    assert np.ptp(truth.rate[alive]) > 0.005


def test_the_forward_of_a_fund_contains_its_dividends(market: SyntheticMarket) -> None:
    truth = market.chain_truth("IWM", INSTANT)
    row = int(np.flatnonzero(truth.listing.expiration == np.datetime64("2026-12-18"))[0])
    rate, years = float(truth.rate[row]), float(truth.years[row])
    # The second decimal of a year between 11:30 on March 12 and 9:30 on each ex-date.
    days = {dt.date(2026, 3, 20): 7.9167, dt.date(2026, 6, 18): 97.9167, dt.date(2026, 9, 18): 189.9167}
    days[dt.date(2026, 12, 18)] = 280.9583
    paid = sum(
        one.amount * math.exp(-(rate - truth.borrow) * days[one.ex_date] / 365)
        for one in truth.dividends
        if one.ex_date in days
    )

    assert truth.borrow == 0.001
    expected = (truth.spot - paid) * math.exp((rate - truth.borrow) * years)
    assert truth.forward[row] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("fund", "index"), [("SPY", "SPX"), ("IWM", "RUT"), ("QQQ", "NDX")])
def test_the_price_falls_by_the_dividend_on_the_ex_date(
    market: SyntheticMarket, fund: str, index: str
) -> None:
    """Between two dividends the fund gains one; the index has none, so their ratio shows the fall."""
    for dividend in market.dividends(fund, dt.date(2025, 1, 1), dt.date(2025, 12, 31)):
        before = previous_session(dividend.ex_date)
        ratios = [
            market.session(fund, date).levels[tick] / market.session(index, date).levels[tick]
            for date, tick in ((before, -1), (dividend.ex_date, 0))
        ]
        level = market.session(index, dividend.ex_date).levels[0]
        assert (ratios[0] - ratios[1]) * level == pytest.approx(dividend.amount, abs=0.07)


def test_between_ex_dates_the_price_is_continuous(market: SyntheticMarket) -> None:
    first, second = dt.date(2026, 2, 10), dt.date(2026, 2, 11)
    ratios = [
        market.session("SPY", date).levels[tick] / market.session("SPX", date).levels[tick]
        for date, tick in ((first, -1), (second, 0))
    ]

    assert abs(ratios[0] - ratios[1]) * market.session("SPX", second).levels[0] < 0.04 + 2.1 / 90
