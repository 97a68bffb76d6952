"""A session of SPX with every kind of fact, for the browser tests of charts."""

from __future__ import annotations

import datetime as dt

from quant import sessions
from quant.sessions import MINUTE_MS
from tests.warehouse.rows import add_bar, add_curve, add_greeks, add_iv, add_regime, add_trade
from tests.web.charts.market import add_expiration, add_snapshot
from warehouse import clock, watchlist
from web.charts.documents.session_flow import forget_flow
from web.charts.documents.slot_chain import forget_chains

SPOT = 6500.0


def store_session(session: dt.date, until: dt.datetime) -> None:
    """Store the facts of SPX of a session from its open to `until`, and those of the sessions before it."""
    forget_chains()
    forget_flow()
    watchlist.add_default_symbols(["SPX", "SPY"])
    before = sessions.previous_session(session)
    slots = [clock.epoch_ms(slot) for slot in sessions.slots(session) if slot < until]
    for number, slot in enumerate([clock.epoch_ms(sessions.close_of(before)), *slots]):
        _store_slot(slot, session, SPOT + number)
    for day in (before, session):
        opens = clock.epoch_ms(sessions.open_of(day))
        for start in range(
            opens, min(clock.epoch_ms(sessions.close_of(day)), clock.epoch_ms(until)), 15 * MINUTE_MS
        ):
            price = SPOT + (start // MINUTE_MS) % 40
            known = {"open": price, "high": price + 9, "low": price - 9, "close": price + 4}
            if day != session or start != opens + 15 * MINUTE_MS:  # one bar is missing
                add_bar(start, symbol="SPX", timeframe="15m", known_at=start + 16 * MINUTE_MS, **known)
    opens = clock.epoch_ms(sessions.open_of(session))
    for number, sentiment in enumerate(("BULLISH", "BEARISH", "NEUTRAL")):
        at = opens + (5 + 8 * number) * MINUTE_MS
        add_trade(
            at, number, sentiment=sentiment, premium=400_000 * (number + 1), underlying_price=SPOT + number,
            known_at=at + 1000,
        )  # fmt: skip
    for number, day in enumerate(sessions.sessions(session - dt.timedelta(days=40), before)):
        known_at = clock.epoch_ms(sessions.close_of(day)) + 300_000
        rank = {"iv_rank": 0.4, "iv_percentile": 0.5} if day == before else {}
        add_iv(day, current_iv=0.12 + 0.002 * (number % 9), known_at=known_at, **rank)
        names = ("RANGE_BOUND", "WEAK_UPTREND", "CHOPPY")
        add_regime(
            day, market_regime=names[number // 9 % 3], confidence_score=60, vix_level=15 + number % 7,
            known_at=known_at,
        )  # fmt: skip


def _store_slot(slot: int, session: dt.date, spot: float) -> None:
    expirations = (session + dt.timedelta(days=2), session + dt.timedelta(days=30))
    strikes = {
        str(strike): {"call": 1e9 * (1 + strike % 3), "put": -8e8 * (1 + strike % 4), "net": 0.0}
        for strike in range(6350, 6655, 5)
    }
    for sums in strikes.values():
        sums["net"] = sums["call"] + sums["put"]
    interest = {strike: {"call": 100 + slot % 97, "put": 150 + slot % 89} for strike in strikes}
    table = {"net": 8e9, "comparable_net": 8e9, "flip": 6450.5, "flip_status": "found"}
    contracts = 0
    for expiration in expirations:
        add_curve(
            slot, expiration=expiration, forward=spot, exercise_style="american", known_at=slot + 20_000
        )
        add_expiration(slot, str(expiration), (expiration - session).days, 4e9)
        for strike in (6400, 6450, 6500, 6550, 6600):
            kind = "put" if strike < spot else "call"
            add_greeks(
                slot, f"O:SPXW{expiration:%y%m%d}{kind[0].upper()}0{strike}000", option_type=kind, strike=strike,
                expiration=expiration, gamma=0.001, multiplier=100, open_interest=500, volume=40,
                implied_volatility=0.15 + (6500 - strike) / 5000, delta=0.3 if kind == "call" else -0.3,
                known_at=slot + 20_000,
            )  # fmt: skip
            contracts += 1
    add_snapshot(
        slot, underlying_price=spot, gamma_by_strike=strikes, oi_by_strike=interest, measured_contracts=contracts,
        sensitivity={"conventions": {"naive": table, "volume_weighted": table}},
    )  # fmt: skip
