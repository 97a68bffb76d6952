"""A small stored chain of SPY for tests: two expirations, calls and puts, at the slots that a test wants."""

from __future__ import annotations

import datetime as dt
from typing import Any

from backtest.priced.outcomes import OptionCosts, price_rows
from backtest.priced.stored import StoredOptions
from backtest.simulation.fingerprint import Fingerprint
from quant import sessions
from tests.warehouse.rows import add_curve, add_greeks
from warehouse import clock, market_days

DAY, BEFORE = dt.date(2026, 11, 24), dt.date(2026, 11, 23)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
CLOSE_MS = clock.epoch_ms(sessions.close_of(DAY))
MINUTE_MS = 60_000
BAR_END = OPEN_MS + 60 * MINUTE_MS  # 10:30
ENTERED = BAR_END + MINUTE_MS
EXITED = BAR_END + 30 * MINUTE_MS  # 11:00
NEAR, FAR = dt.date(2026, 12, 4), dt.date(2026, 12, 18)
CALL, PUT = "O:SPY261204C00502000", "O:SPY261204P00498000"
FULL = OptionCosts(1.0, 0.65)
FREE = OptionCosts(0.0, 0.0)


def contract(slot_ms: int, expiration: dt.date, side: str, strike: int, /, **columns: Any) -> None:
    """Store a contract at a slot, known 20 seconds later."""
    ticker = f"O:SPY{expiration:%y%m%d}{side}{strike:05}000"
    values = {"symbol": "SPY", "underlying_price": 499.8, "known_at": slot_ms + 20_000, "gamma": 0.02}
    values |= {"option_type": "call" if side == "C" else "put", "implied_volatility": 0.18, "multiplier": 100}
    values |= {"strike": strike, "expiration": expiration, "dte": (expiration - DAY).days}
    add_greeks(slot_ms, ticker, **values | columns)


def chain(slot_ms: int, **columns: Any) -> None:
    """Store the chain of a slot: each expiration has a call and a put with an allowed delta, and calls without."""
    for expiration in (NEAR, FAR):
        for side, strike, delta, bid in (
            ("C", 500, 0.52, 6.0),
            ("C", 502, 0.44, 5.0),
            ("C", 503, 0.41, 4.5),
            ("P", 498, -0.46, 4.8),
        ):
            quote = {"delta": delta, "bid": bid, "ask": bid + 0.2}
            contract(slot_ms, expiration, side, strike, **quote | columns)


def curve(slot_ms: int, expiration: dt.date = NEAR, **columns: Any) -> None:
    """Store the forward of an expiration at a slot."""
    values = {"symbol": "SPY", "root": "SPY", "expiration": expiration, "forward": 500.3, "rate": 0.04}
    add_curve(slot_ms, **values | {"known_at": slot_ms + 20_000, "atm_volatility": 0.2} | columns)


def outcome(**columns: Any) -> dict[str, Any]:
    """The row of a long trade from 10:31 at 500.00 to the end of the bar at 11:00 at 501.00."""
    row = {
        "symbol": "SPY",
        "timeframe": "15m",
        "direction": "LONG",
        "session": DAY,
        "outcome_kind": "session",
    }
    row |= {"entered_at": ENTERED, "entry": 500.0, "exited_at": EXITED, "exit": 501.0, "exit_minute": EXITED}
    return row | columns


def stored(until_ms: int | None = None) -> StoredOptions:
    return StoredOptions("SPY", market_days.read(), until_ms, Fingerprint())


def priced(costs: OptionCosts = FULL, until_ms: int | None = None, **columns: Any) -> dict[str, Any]:
    """Return the columns of the option's trade of an outcome."""
    row = outcome(**columns)
    price_rows([row], stored(until_ms), costs)
    return {name: value for name, value in row.items() if name.startswith("option_")}


def reason(**columns: Any) -> str:
    """Return why an outcome has no option trade."""
    found = priced(**columns)
    assert found["option_pnl"] is None
    return found["option_reason"]
