"""A stored market for tests of features: random walks as bars of every length, gamma, flow, volatility and regime.

All values come from a seed and the session, so that a test can store the market, or a part of it, as often as it wants.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from quant import sessions
from quant.sessions import MINUTE_MS
from signals.anchors import DAY_ANCHOR, REGULAR
from warehouse import clock, partitions
from warehouse.loading import bulk
from warehouse.models import (
    ExpirationCurve,
    FlowSlot,
    GammaSlot,
    HistoricalBar,
    IvPercentile,
    MarketRegimeDay,
    WatchlistEntry,
)

LAST = dt.date(2026, 11, 25)
QUARTERS_BEFORE = 130  # sessions with bars within a day
LENGTHS = {"5m": 5, "15m": 15}
KNOWN_AFTER_MS = 14_000  # the end of a bar


def watch(symbol: str, kind: str = "etf", reference: str | None = None) -> None:
    WatchlistEntry.objects.create(
        symbol=symbol,
        provider_symbol=symbol,
        roots=[symbol],
        kind=kind,
        reference_symbol=reference,
        active_since_ms=0,
    )


def days(last: dt.date = LAST, count: int = DAY_ANCHOR + 25) -> list[dt.date]:
    return sessions.sessions(REGULAR.before(last, count), last)


def store_bars(symbol: str, last: dt.date = LAST, level: float = 500.0, has_volume: bool = True) -> None:
    """Store the daily bars of 825 sessions up to `last`, and the bars of 5 and 15 minutes of the last 130."""
    every = days(last)
    generator = np.random.default_rng(crc32(symbol.encode()))
    returns = generator.normal(0.0, 0.01, len(every))
    closes = level * np.exp(np.cumsum(returns))
    opens = np.concatenate([[level], closes[:-1]]) * np.exp(generator.normal(0.0, 0.002, len(every)))
    spread = np.abs(generator.normal(0.0, 0.004, (2, len(every))))
    columns = {
        "timestamp": np.array([_midnight_ms(day) for day in every]),
        "open": opens,
        "high": np.maximum(opens, closes) * (1 + spread[0]),
        "low": np.minimum(opens, closes) * (1 - spread[1]),
        "close": closes,
        "volume": generator.integers(5_000_000, 9_000_000, len(every)).astype(float),
        "vwap": (opens + closes) / 2,
    }
    known = [clock.epoch_ms(sessions.close_of(day)) + 30_000 for day in every]
    _store(symbol, "1d", columns, np.array(known), has_volume)
    for timeframe, minutes in LENGTHS.items():
        parts = [
            _session(symbol, day, minutes, opens[-QUARTERS_BEFORE + place], closes[-QUARTERS_BEFORE + place])
            for place, day in enumerate(every[-QUARTERS_BEFORE:])
        ]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        ends = joined.pop("end")
        _store(symbol, timeframe, joined, ends + KNOWN_AFTER_MS, has_volume)


def store_minutes(symbol: str, last: dt.date = LAST, level: float = 500.0) -> None:
    """Store the minutes of the last session, and the first 15 of each of the 130 sessions before."""
    every = days(last, QUARTERS_BEFORE)
    opens = [clock.epoch_ms(sessions.open_of(day)) for day in every]
    close_ms = clock.epoch_ms(sessions.close_of(last))
    parts = [open_ms + MINUTE_MS * np.arange(15) for open_ms in opens[:-1]]
    starts = np.concatenate([*parts, np.arange(opens[-1], close_ms, MINUTE_MS)])
    generator = np.random.default_rng(crc32(f"minutes {symbol}".encode()))
    close = level * np.exp(generator.normal(0.0, 0.01, len(starts)))
    columns = {
        "timestamp": starts,
        "open": close,
        "high": close,
        "low": close,
        "close": close,
        "volume": generator.integers(100, 5000, len(starts)).astype(float),
        "vwap": close,
    }
    _store(symbol, "1m", columns, starts + MINUTE_MS + KNOWN_AFTER_MS, has_volume=True)


def store_gamma(symbol: str, first: dt.date, last: dt.date = LAST) -> None:
    """Store a gamma snapshot per slot of 15 minutes, known 20 seconds after its slot."""
    slots = [clock.epoch_ms(slot) for day in sessions.sessions(first, last) for slot in sessions.slots(day)]
    generator = np.random.default_rng(crc32(f"gamma {symbol}".encode()))
    count = len(slots)
    call, put = generator.uniform(1e9, 3e9, count), -generator.uniform(1e9, 3e9, count)
    levels = {
        name: np.round(generator.uniform(low, high, count))
        for name, low, high in (
            ("gamma_wall_resistance", 500, 520),
            ("gamma_wall_support", 470, 490),
            ("call_wall", 500, 520),
            ("put_wall", 470, 490),
            ("largest_net_strike", 480, 510),
            ("pin_strike", 480, 510),
        )
    }
    bulk.insert_rows(
        GammaSlot,
        {
            "symbol": symbol,
            "timestamp": np.array(slots),
            "known_at": np.array(slots) + 20_000,
            "underlying_price": 495.0,
            "call_gamma": call,
            "put_gamma": put,
            "total_gamma": call + put,
            "gross_gamma": call - put,
            "dealer_positioning": np.where(call + put > 0, "LONG_GAMMA", "SHORT_GAMMA"),
            "expected_behavior": "RANGE_BOUND",
            "signs_agree": generator.integers(0, 2, count).astype(bool),
            "naive_flips": np.array(["{480.5,501.25}", "{}"])[generator.integers(0, 2, count)],
            "volume_flips": "{490}",
            "own_flips": "{491.5}",
            "settles_today": True,
            "usable_share": generator.uniform(0.5, 1.0, count),
            "pin_open_interest": generator.integers(1000, 60_000, count).astype(float),
            "pin_share": generator.uniform(0.0, 1.0, count),
            "oi_source": "provider",
            "method_version": "test",
            **levels,
        },
    )


def store_flow(symbol: str, first: dt.date, last: dt.date = LAST) -> None:
    """Store the sums of all intervals of 15 minutes, known 12 seconds after their end."""
    ends = [
        clock.epoch_ms(slot) for day in sessions.sessions(first, last) for slot in sessions.slots(day)[1:]
    ]
    generator = np.random.default_rng(crc32(f"flow {symbol}".encode()))
    others = ("id", "symbol", "timestamp", "method_version", "known_at", "computed_at")
    names = [str(one.column) for one in FlowSlot._meta.concrete_fields if one.column not in others]
    sums = {name: generator.integers(1, 1000, len(ends)).astype(float) for name in names}
    known = {"known_at": np.array(ends) + 12_000, "method_version": "test"}
    bulk.insert_rows(FlowSlot, {"symbol": symbol, "timestamp": np.array(ends), **sums, **known})


def store_curve(symbol: str, expirations: Sequence[dt.date], first: dt.date, last: dt.date = LAST) -> None:
    """Store the volatility at the money of all slots of the sessions, known 20 seconds after their slot."""
    slots = [clock.epoch_ms(slot) for day in sessions.sessions(first, last) for slot in sessions.slots(day)]
    generator = np.random.default_rng(crc32(f"curve {symbol}".encode()))
    timestamp = np.repeat(slots, len(expirations))
    bulk.insert_rows(
        ExpirationCurve,
        {
            "symbol": symbol,
            "root": symbol,
            "timestamp": timestamp,
            "known_at": timestamp + 20_000,
            "expiration": np.tile(np.array(expirations, dtype="datetime64[D]"), len(slots)),
            "exercise_style": "american",
            "forward": 500.0,
            "rate": 0.04,
            "rate_source": "own",
            "atm_volatility": generator.uniform(0.2, 0.8, len(timestamp)),
            "quotes_used": 10,
            "quality": "parity",
            "method_version": "test",
        },
    )


def store_days(symbols: Sequence[str], first: dt.date, last: dt.date = LAST) -> None:
    """Store the daily rows of volatility and of the market regime, known 20 minutes after the close."""
    for day in sessions.sessions(first, last):
        known_at = clock.epoch_ms(sessions.close_of(day)) + 20 * MINUTE_MS
        share = (day.toordinal() % 97) / 97
        MarketRegimeDay.objects.create(
            date=day, market_regime="RANGE_BOUND", confidence_score=70.0, vix_level=15 + share, term_spread=5.0,
            method_version="test", known_at=known_at, missing_inputs=[],
        )  # fmt: skip
        for symbol in symbols:
            IvPercentile.objects.create(
                symbol=symbol, date=day, current_iv=0.2, iv_rank=share, iv_percentile=share, iv_regime="NORMAL",
                data_points=250, recommendation="NEUTRAL", iv_trend="STABLE", is_provisional=False,
                method_version="test", known_at=known_at,
            )  # fmt: skip


def _session(symbol: str, day: dt.date, minutes: int, opened: float, closed: float) -> dict[str, np.ndarray]:
    """Return the bars of one session: a path of 5 minutes from its open to its close, joined to longer bars."""
    generator = np.random.default_rng(crc32(f"{symbol} {day}".encode()))
    open_ms, close_ms = clock.epoch_ms(sessions.open_of(day)), clock.epoch_ms(sessions.close_of(day))
    count = (close_ms - open_ms) // (5 * MINUTE_MS)
    steps = generator.normal(0.0, 0.001, count)
    path = np.cumsum(steps - steps.mean())
    price = np.concatenate(
        [[opened], opened * np.exp(path + np.linspace(0, np.log(closed / opened), count + 1)[1:])]
    )
    wide = np.abs(generator.normal(0.0, 0.0004, (2, count)))
    high = np.maximum(price[:-1], price[1:]) * (1 + wide[0])
    low = np.minimum(price[:-1], price[1:]) * (1 - wide[1])
    volume = generator.integers(1000, 50_000, count).astype(float)
    first = np.arange(0, count, minutes // 5)
    starts = open_ms + first * 5 * MINUTE_MS
    last = np.append(first[1:], count)
    return {
        "timestamp": starts,
        "end": np.minimum(starts + minutes * MINUTE_MS, close_ms),
        "open": price[first],
        "high": np.maximum.reduceat(high, first),
        "low": np.minimum.reduceat(low, first),
        "close": price[last],
        "volume": np.add.reduceat(volume, first),
        "vwap": (np.maximum.reduceat(high, first) + np.minimum.reduceat(low, first)) / 2,
    }


def _store(
    symbol: str, timeframe: str, columns: dict[str, np.ndarray], known_at: np.ndarray, has_volume: bool
) -> None:
    starts = columns["timestamp"]
    partitions.ensure("historical_bars", int(starts[0]), int(starts[-1]))
    numbers = (
        dict(columns)
        if has_volume
        else {name: v for name, v in columns.items() if name not in ("volume", "vwap")}
    )
    bulk.insert_rows(
        HistoricalBar,
        {"symbol": symbol, "timeframe": timeframe, "is_adjusted": False, "known_at": known_at, **numbers},
    )


def _midnight_ms(day: dt.date) -> int:
    return clock.epoch_ms(dt.datetime.combine(day, dt.time(), sessions.NEW_YORK))
