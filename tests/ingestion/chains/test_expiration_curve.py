"""Forwards, rates and at-the-money volatilities that a live slot stores."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from ingestion.chains.ingest import Outcome, ingest_chain
from quant.contracts import format_ticker
from quant.pricing import american, black_scholes
from quant.sessions import years_to_expiry
from tests.ingestion.market import CHAIN_PATH, SLOT, SLOT_MS, page, row
from tests.provider.server import ok
from tests.warehouse.rows import add_action, add_curve
from warehouse import clock, watchlist
from warehouse.models import ExpirationCurve, HistoricalGreeks
from warehouse.models.enums import IvStatus

pytestmark = pytest.mark.database

NEAR, FAR = date(2026, 12, 18), date(2027, 11, 19)
RATE, YIELD = 0.045, 0.012


def volatility_of(strike, forward):
    return 0.2 - 0.25 * np.log(strike / forward)


def years_of(expiration, root):
    return float(years_to_expiry([root], np.array([expiration], "datetime64[D]"), SLOT)[0])


def contract(root, expiration, is_call, strike, value, spot, **changes):
    document = row(
        str(format_ticker(root, expiration, is_call, strike)),
        greeks=None,
        implied_volatility=None,
        last_quote={"bid": value - 0.01, "ask": value + 0.01},
        **changes,
    )
    document["underlying_asset"] = {"ticker": root, "price": spot}
    return document


def european_page(spot):
    rows = []
    for expiration in (NEAR, FAR):
        years = years_of(expiration, "SPXW")
        forward = 6500.0 * np.exp((RATE - YIELD) * years)
        for strike in np.arange(5600.0, 7401.0, 50.0):
            for is_call in (True, False):
                terms = (is_call, 6500.0, strike, years, RATE, YIELD, volatility_of(strike, forward))
                value = float(black_scholes.price(*terms))
                rows.append(contract("SPXW", expiration, is_call, strike, value, spot))
    return page(*rows)


def american_page(dividends):
    rows = []
    for expiration in (NEAR, FAR):
        years = years_of(expiration, "SPY")
        for strike in np.arange(550.0, 751.0, 10.0):
            for is_call in (True, False):
                terms = (is_call, 650.0, strike, years, RATE, 0.003, volatility_of(strike, 650.0))
                value = float(american.price(*terms, dividends))
                document = contract("SPY", expiration, is_call, strike, value, 650.0)
                document["details"]["exercise_style"] = "american"
                rows.append(document)
    return page(*rows)


def ingest(symbol):
    result = ingest_chain(symbol, SLOT_MS, clock.now_ms())
    assert result.outcome is Outcome.DONE, result.detail
    return list(ExpirationCurve.objects.filter(symbol=symbol).order_by("expiration"))


@pytest.mark.parametrize("spot", [6500.0, 6470.0], ids=["present spot", "outdated spot"])
def test_the_curve_of_spx_has_its_own_rates_and_forwards(spx, provider, spot):
    provider.tell(CHAIN_PATH, ok(european_page(spot)))
    curve = ingest(spx)
    assert [(one.root, one.expiration, one.quality) for one in curve] == [
        ("SPXW", NEAR, "parity"),
        ("SPXW", FAR, "parity"),
    ]
    for one in curve:
        years = years_of(one.expiration, "SPXW")
        assert one.forward == pytest.approx(6500.0 * np.exp((RATE - YIELD) * years), rel=1e-6)
        assert one.atm_volatility == pytest.approx(0.2, abs=2e-4)
        assert one.total_variance == pytest.approx(one.atm_volatility**2 * years)
        assert (one.rate_source, one.curve_timestamp, one.dividends) == ("own", None, 0.0)
        assert one.quotes_used > 20
        assert one.known_at > one.timestamp
    assert curve[1].rate == pytest.approx(RATE, abs=1e-4)
    assert curve[1].implied_borrow == pytest.approx(
        YIELD + np.log(spot / 6500.0) / years_of(FAR, "SPXW"), abs=2e-4
    )


def test_an_american_chain_uses_curve_dividends_and_its_own_borrow(spx, provider):
    watchlist.add_default_symbols(["SPY"])
    add_curve(SLOT_MS - 900_000, expiration=FAR, rate=RATE, known_at=SLOT_MS - 800_000)
    add_action(date(2026, 12, 14), symbol="SPY", cash_amount=1.8, known_at=SLOT_MS - 1)
    ex = clock.epoch_ms(clock.instant(SLOT_MS).replace(month=12, day=14, hour=5, minute=0))
    dividends = [((ex - SLOT_MS) / 1000 / 31_536_000, 1.8)]
    provider.tell("/v3/snapshot/options/SPY", ok(american_page(dividends)))
    curve = ingest("SPY")
    assert [(one.exercise_style, one.rate_source, one.curve_timestamp, one.dividends) for one in curve] == [
        ("american", "curve", SLOT_MS - 900_000, 1.8)
    ] * 2
    for one in curve:
        assert one.rate == pytest.approx(RATE)
        assert one.implied_borrow == pytest.approx(0.003, abs=0.001)
        assert one.quality == "parity"
    rows = {r.contract_ticker: r for r in HistoricalGreeks.objects.filter(symbol="SPY")}
    for name in ("O:SPY271119C00700000", "O:SPY271119P00700000", "O:SPY271119P00600000"):
        strike = float(rows[name].strike)
        years = years_of(FAR, "SPY")
        terms = (
            rows[name].option_type == "call",
            650.0,
            strike,
            years,
            RATE,
            0.003,
            volatility_of(strike, 650.0),
        )
        expected = american.greeks(*terms, dividends)
        assert rows[name].delta == pytest.approx(float(expected.delta), abs=2e-3)
        assert rows[name].gamma == pytest.approx(float(expected.gamma), rel=2e-2)
        assert rows[name].theta == pytest.approx(float(expected.theta), abs=2e-3)
    assert rows["O:SPY271119C00700000"].iv_status == IvStatus.OK
    assert rows["O:SPY271119P00700000"].iv_status == IvStatus.OTHER_SIDE


def test_without_quotes_there_is_no_forward_and_the_flat_rate_is_named(spx, provider):
    document = json.loads(json.dumps(european_page(6500.0)))
    for one in document["results"]:
        del one["last_quote"]
    provider.tell(CHAIN_PATH, ok(document))
    for one in ingest(spx):
        assert (one.forward, one.forward_error, one.implied_borrow, one.atm_volatility) == (None,) * 4
        assert (one.quality, one.rate_source, one.rate, one.quotes_used) == ("assumed", "flat", 0.04, 0)
    assert set(HistoricalGreeks.objects.values_list("iv_status", flat=True)) == {"no_quote"}
