"""Adjusted contracts are stored with their multiplier and change no number of the standard ones beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from ingestion.chains.gamma_inputs import INPUT_COLUMNS
from quant.contracts import format_ticker
from quant.pricing import american
from quant.sessions import close_of, years_to_expiry
from tests.ingestion.imports.files import eod_file
from warehouse.models import (
    ExpirationCurve,
    ExpirationGamma,
    GammaExposure,
    GammaSlot,
    HistoricalGreeks,
    IngestionRun,
    IvPercentile,
)
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

DAY, EXPIRATION, LATER = date(2026, 11, 16), date(2026, 12, 18), date(2027, 1, 15)
HEADER = "date,contract,bid,ask,volume,open_interest,spot,contract_size,iv"
MEASURES = (GammaExposure, GammaSlot, ExpirationGamma, ExpirationCurve, IvPercentile)
BY_ORIGIN = {"id", "known_at", "fetched_at", *INPUT_COLUMNS}

# AT&T at 19.50 dollars before a spin-off, and its contracts from before one, which deliver shares of two companies.
CALLS = {15: 4.50, 16: 3.50, 17: 2.51, 18: 1.59, 19: 0.83, 20: 0.34, 21: 0.11, 22: 0.03, 23: 0.015, 24: 0.01}
PUTS = {15: 0.01, 16: 0.01, 17: 0.015, 18: 0.09, 19: 0.33, 20: 0.84, 21: 1.61, 22: 2.53, 23: 3.51, 24: 4.50}
AFTER_SPIN_OFF = {
    15: 10.30,
    16: 9.31,
    17: 8.33,
    18: 7.36,
    19: 6.40,
    20: 5.47,
    21: 4.58,
    22: 3.75,
    23: 2.99,
    24: 2.31,
}
# A fund at 157 dollars; its mini contracts have the same prices and deliver 10 shares.
MINI = {155: (3.49, 1.49), 156: (2.90, 1.90), 157: (2.37, 2.37), 158: (1.91, 2.91), 159: (1.52, 3.52)}


@pytest.fixture(autouse=True)
def wednesday(spx) -> None:
    """The clock is at Wednesday, 18 November 2026."""
    add_default_symbols(["AMD", "SPY", "T"])


def line(
    root: str, expiration: date, is_call: bool, strike: float, mid: float, spot: float, more: str
) -> str:
    ticker = str(format_ticker(root, expiration, is_call, strike)).removeprefix("O:")
    return f"{DAY},{ticker},{mid - 0.01:.4f},{mid + 0.01:.4f},{50 + int(strike)},{1000 + int(strike)},{spot},{more}"


def hand_priced(root: str, mids: dict[bool, dict[int, float]], spot: float, more: str = ",") -> list[str]:
    return [
        line(root, EXPIRATION, is_call, strike, mid, spot, more)
        for is_call, by_strike in mids.items()
        for strike, mid in by_strike.items()
    ]


def american_priced(root: str, shares: float, more: str = ",") -> list[str]:
    """Return a chain of American contracts on a spot of 100 that deliver `shares` shares for 100 strikes."""
    lines = []
    for expiration in (EXPIRATION, LATER):
        years = float(years_to_expiry(root, expiration, close_of(DAY)))
        strikes = np.repeat(np.arange(70.0, 131.0, 2.5), 2)
        is_call = np.tile([True, False], len(strikes) // 2)
        volatility = 0.35 - 0.2 * np.log(strikes / 100)
        values = american.price(is_call, shares, strikes, years, 0.04, 0.0, volatility, ())
        for call, strike, value in zip(is_call.tolist(), strikes.tolist(), values.tolist(), strict=True):
            lines.append(line(root, expiration, call, strike, max(value, 0.02), 100.0, more))
    return lines


def cases() -> Iterator[Any]:
    plain = hand_priced("T", {True: CALLS, False: PUTS}, 19.5)
    after = {True: AFTER_SPIN_OFF, False: {strike: 0.02 * (strike - 14) for strike in PUTS}}
    yield pytest.param("T", plain, hand_priced("T1", after, 19.5, "100,"), 100, id="T1")
    calls, puts = ({strike: mids[side] for strike, mids in MINI.items()} for side in (0, 1))
    fund, mini = (hand_priced(*terms) for terms in (
        ("SPY", {True: calls, False: puts}, 157.0, "100,"),
        ("SPY7", {True: calls, False: puts}, 157.0, "10,"),
    ))  # fmt: skip
    yield pytest.param("SPY", fund, mini, 10, id="SPY7")
    yield pytest.param(
        "AMD", american_priced("AMD", 100), american_priced("AMD1", 150, "150,"), 150, id="AMD1"
    )
    yield pytest.param(
        "AMD", american_priced("AMD", 100), american_priced("AMD1", 150), None, id="AMD1, unsent"
    )


def imported(path: Path, lines: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Import a file into an empty warehouse; return the rows by table, without what depends on the import."""
    for model in (HistoricalGreeks, *MEASURES, IngestionRun):
        model.objects.all().delete()
    call_command("import_chain", eod_file(path / "chain.csv", lines, HEADER))
    found = {}
    for model in (HistoricalGreeks, *MEASURES):
        rows = list(model.objects.order_by("id").values())
        found[model.__name__] = [{name: row[name] for name in row.keys() - BY_ORIGIN} for row in rows]
    found["HistoricalGreeks"].sort(key=lambda row: row["contract_ticker"])
    return found


@pytest.mark.parametrize(("symbol", "standard", "adjusted", "multiplier"), list(cases()))
def test_adjusted_contracts_change_nothing(tmp_path, symbol, standard, adjusted, multiplier):
    alone = imported(tmp_path, standard)
    beside = imported(tmp_path, [*adjusted[::2], *standard, *adjusted[1::2]])
    roots = {row["contract_ticker"][2:-15] for row in beside["HistoricalGreeks"]}
    (root,) = roots - {symbol}
    added = [row for row in beside["HistoricalGreeks"] if row["contract_ticker"][2:-15] == root]
    beside["HistoricalGreeks"] = [row for row in beside["HistoricalGreeks"] if row not in added]
    assert beside == alone
    assert (len(alone["HistoricalGreeks"]), len(added)) == (len(standard), len(adjusted))
    assert {len(alone[model.__name__]) for model in MEASURES} <= {1, 2}
    assert all(row["multiplier"] == 100 for row in alone["HistoricalGreeks"])
    # All are stored under the underlying, quotes included, without numbers that standard contracts would give them.
    assert {(row["symbol"], row["multiplier"], row["iv_status"]) for row in added} == {
        (symbol, multiplier, "adjusted")
    }
    assert all(row["bid"] is not None and row["open_interest"] for row in added)
    for name in ("implied_volatility", "delta", "gamma", "theta", "vega", "rho"):
        assert {row[name] for row in added} == {None}, name


def test_the_numbers_that_stay_are_known(tmp_path):
    """Otherwise the comparison above would compare nothing."""
    alone = imported(tmp_path, american_priced("AMD", 100))
    (gamma,), (level,), curve = (alone[name] for name in ("GammaExposure", "IvPercentile", "ExpirationCurve"))
    assert gamma["total_gamma"] is not None
    assert gamma["gamma_by_strike"]
    assert level["current_iv"] == pytest.approx(0.35, abs=0.01)
    assert [row["quality"] for row in curve] == ["parity", "parity"]
    statuses = [row["iv_status"] for row in alone["HistoricalGreeks"]]
    assert statuses.count("ok") + statuses.count("other_side") > len(statuses) / 2


def test_a_volatility_of_the_file_is_kept(tmp_path):
    lines = [*american_priced("AMD", 100), line("AMD1", EXPIRATION, True, 100, 52.0, 100.0, "150,0.37")]
    (row,) = (
        row for row in imported(tmp_path, lines)["HistoricalGreeks"] if "AMD1" in row["contract_ticker"]
    )
    assert (row["implied_volatility"], row["iv_status"], row["multiplier"]) == (0.37, "ok", 150)


def test_a_multiplier_other_than_100_makes_any_root_adjusted(tmp_path):
    """The root of the contracts is that of the standard ones; of each strike one contract is left."""
    standard = american_priced("AMD", 100)
    changed = [text.removesuffix(",,") + ",150," if "C00100000" in text else text for text in standard]
    rows = imported(tmp_path, changed)["HistoricalGreeks"]
    assert {(row["multiplier"], row["iv_status"]) for row in rows if row["strike"] == 100} >= {
        (150, "adjusted")
    }
    assert {row["multiplier"] for row in rows if row["strike"] != 100} == {100}


def test_a_file_of_adjusted_contracts_alone_is_stored_without_measures(tmp_path):
    found = imported(tmp_path, american_priced("AMD1", 150, "150,"))
    assert {row["multiplier"] for row in found["HistoricalGreeks"]} == {150}
    assert (found["ExpirationCurve"], found["ExpirationGamma"]) == ([], [])
    (gamma,) = found["GammaExposure"]
    assert (gamma["total_gamma"], gamma["gamma_flip"], gamma["dealer_positioning"]) == (None, None, None)
