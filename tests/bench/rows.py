"""Rows that fill the measured tables: a chain as large as that of SPX, a day of trades, daily rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.contracts import format_ticker
from quant.pricing import black_scholes
from quant.sessions import DAY_MS

SPOT = 6500.0
EXPIRATIONS = 50
STRIKES = 200  # of calls and puts: 20,000 contracts
SEED = 20261121


def chain(symbol: str) -> dict[str, Any]:
    """Return the columns of 20,000 contracts without the time; expirations are 1 to 540 days ahead."""
    random = np.random.default_rng(SEED)
    days = np.unique(np.concatenate([np.arange(1, 32), np.geomspace(33, 540, EXPIRATIONS - 31).astype(int)]))
    series, level, is_call = (
        grid.ravel()
        for grid in np.meshgrid(np.arange(len(days)), np.arange(STRIKES), [True, False], indexing="ij")
    )
    strike = 5500.0 + 10.0 * level
    expiration = np.datetime64(datetime.now(UTC).date(), "D") + days[series]
    years = days[series] / 365
    volatility = np.clip(
        0.16 + 0.4 * np.log(SPOT / strike) + random.normal(0, 0.002, len(series)), 0.05, None
    )
    terms = (is_call, SPOT, strike, years, 0.0, 0.0, volatility)
    price, greeks = black_scholes.price(*terms), black_scholes.greeks(*terms)
    half = np.maximum(0.05, np.round(0.01 * price, 2))
    bid = np.maximum(np.round(price - half, 2), 0.05)
    return {
        "symbol": symbol,
        "contract_ticker": format_ticker(f"{symbol}W", expiration, is_call, strike),
        "option_type": np.where(is_call, "call", "put"),
        "strike": strike,
        "expiration": expiration,
        "dte": days[series],
        "underlying_price": SPOT,
        "bid": bid,
        "ask": np.round(bid + 2 * half, 2),
        "last": bid,
        "volume": random.integers(0, 5000, len(series)),
        "open_interest": random.integers(0, 50_000, len(series)),
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
        "rho": greeks.rho,
        "implied_volatility": volatility,
        "iv_status": "ok",
        "greeks_source": "provider",
        "source": "live",
        "fetched_at": 0,
        "method_version": "bench",
    }


def times_of_day(count: int) -> NDArray[np.int64]:
    """Return ascending, equally spaced milliseconds of a day."""
    return np.arange(count, dtype=np.int64) * DAY_MS // count


def trades(count: int) -> dict[str, Any]:
    """Return the columns of a day of trades in five underlyings without the time."""
    random = np.random.default_rng(SEED)
    symbol = random.choice(["SPX", "NDX", "SPY", "QQQ", "IWM"], count, p=[0.4, 0.1, 0.3, 0.15, 0.05])
    size, price = random.integers(1, 400, count), np.round(random.uniform(0.5, 80, count), 2)
    kind = random.choice(["SWEEP", "BLOCK", "SPLIT", "LARGE", "REGULAR"], count)
    strike = 5500.0 + 10.0 * random.integers(0, STRIKES, count)
    return {
        "sequence_number": np.arange(count),
        "symbol": symbol,
        "contract_ticker": format_ticker("SPXW", "2027-12-17", True, strike),
        "price": price,
        "size": size,
        "premium": np.round(price * size * 100, 2),
        "trade_type": kind,
        "sentiment": random.choice(["BULLISH", "BEARISH", "NEUTRAL"], count),
        "aggressiveness": random.choice(["PASSIVE", "NORMAL", "AGGRESSIVE"], count),
        "is_sweep": kind == "SWEEP",
        "is_block": kind == "BLOCK",
        "strike": strike,
        "expiration": np.datetime64("2027-12-17", "D"),
        "option_type": "call",
        "dte": 30,
        "underlying_price": SPOT,
        "bid": np.round(price - 0.1, 2),
        "ask": np.round(price + 0.1, 2),
        "source": "live",
        "received_at": 0,
        "method_version": "bench",
    }


SMALL_TABLES = (
    """
    INSERT INTO gamma_exposure_snapshots (symbol, "timestamp", underlying_price, total_gamma, gross_gamma,
        dealer_positioning, expected_behavior, gamma_wall_resistance, gamma_wall_support, oi_source, method_version)
    SELECT symbol, %(now)s - n * 3200000::bigint, 6500, 1e9, 5e9, 'LONG_GAMMA', 'RANGE_BOUND', 6550, 6450,
        'provider', 'bench'
    FROM generate_series(0, 2429) n, unnest('{SPX,NDX,SPY,QQQ,IWM}'::text[]) symbol
    """,
    """
    INSERT INTO iv_percentile_cache (symbol, date, current_iv, iv_rank, iv_percentile, iv_regime, data_points,
        is_provisional, method_version)
    SELECT symbol, %(today)s::date - n, 0.15 + 0.0001 * n, 0.5, 0.5, 'NORMAL', 252, false, 'bench'
    FROM generate_series(0, 729) n, unnest('{SPX,NDX,SPY,QQQ,IWM}'::text[]) symbol
    """,
    """
    INSERT INTO market_regime_history (date, market_regime, vix_level, vix_regime, breadth_regime,
        confidence_score, missing_inputs, method_version)
    SELECT %(today)s::date - n, 'CHOPPY', 17, 'NORMAL', 'NEUTRAL', 70, '{}', 'bench' FROM generate_series(0, 1825) n
    """,
)
