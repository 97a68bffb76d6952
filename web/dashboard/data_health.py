"""Whether the data of one symbol are current: its chain, the stream and its bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quant.sessions import MINUTE_MS
from warehouse.heartbeats import HeartbeatRow
from web import staleness
from web.dashboard.market_state import MarketState

Word = Literal["LIVE", "STALE", "OFFLINE", "FIRST DAY", "CLOSED", "NO DATA"]
StreamWord = Literal["connected", "fallback", "offline"]
BAR_LENGTHS_MS = {"1m": MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS, "1h": 60 * MINUTE_MS}
CONSUMER = "flow_listener"


@dataclass(frozen=True, slots=True)
class BarState:
    """The newest stored bar of a timeframe: its end in epoch ms, None without one."""

    timeframe: str
    end_ms: int | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """State of the stream for one symbol; `last_ms` is the last trade that the consumer saw, of any symbol, epoch ms.

    `connected`: the consumer receives trades. `fallback`: it runs without receiving, and gaps are repaired by requests
    later. `offline`: no consumer of this symbol runs.
    """

    word: StreamWord
    last_ms: int | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class DataHealth:
    """State of a symbol's data; times are epoch ms. `since_ms` is the time of the data while `word` is STALE.

    `reasons` are short sentences about what is not current.
    """

    word: Word
    since_ms: int | None
    chain_ms: int | None
    stream: Stream
    bars: tuple[BarState, ...]
    reasons: tuple[str, ...]


def stream_of(symbol: str, rows: Sequence[HeartbeatRow], market: MarketState) -> Stream:
    """Return the state of the stream for a symbol by the heartbeats of the consumers."""
    mine = [row for row in rows if row.id.startswith(CONSUMER) and symbol in row.metadata.get("symbols", ())]
    alive = [row for row in mine if row.alive]
    last_ms = max((row.metadata.get("last_trade_ms") or 0 for row in mine), default=0) or None
    if not alive:
        return Stream("offline", last_ms, market.is_open)
    word: StreamWord = "connected" if any(row.metadata.get("subscribed") for row in alive) else "fallback"
    since_ms = max(last_ms or 0, market.opens_ms)
    return Stream(word, last_ms, market.is_open and market.now_ms - since_ms > staleness.FLOW_MS)


def bar_states(newest: Mapping[str, int], market: MarketState) -> tuple[BarState, ...]:
    """Return the state of each timeframe by the starts (epoch ms) of the newest stored bars.

    During the session a bar is stale when its end, or that of the longer bar after it, is more than five minutes ago.
    """
    states = []
    for timeframe, length_ms in BAR_LENGTHS_MS.items():
        start_ms = newest.get(timeframe)
        end_ms = None if start_ms is None else min(start_ms + length_ms, _close_after(start_ms, market))
        expected_ms = max(end_ms or 0, market.opens_ms) + staleness.bars_ms(length_ms // MINUTE_MS)
        states.append(BarState(timeframe, end_ms, market.is_open and market.now_ms > expected_ms))
    return tuple(states)


def health_of(
    chain_ms: int | None,
    first_day: bool,
    stream: Stream,
    bars: tuple[BarState, ...],
    market: MarketState,
) -> DataHealth:
    """Return the state of a symbol whose newest chain is that of the slot `chain_ms`; `first_day`: without history."""
    old_chain = market.is_open and market.now_ms - max(chain_ms or 0, market.opens_ms) > market.limit_ms
    reasons = []
    if old_chain:
        reasons.append(f"no chain for more than {market.limit_ms // MINUTE_MS} minutes")
    if stream.word != "connected":
        reasons.append(f"stream {stream.word}")
    elif stream.is_stale:
        reasons.append(f"no trade of any symbol for more than {staleness.FLOW_MS // MINUTE_MS} minutes")
    reasons += [f"{bar.timeframe} bars are old" for bar in bars if bar.is_stale and bar.end_ms is not None]
    word: Word
    if chain_ms is None:
        word = "NO DATA"
    elif not market.is_open:
        word = "CLOSED"
    elif old_chain and stream.word == "offline":
        word = "OFFLINE"
    elif old_chain or stream.is_stale or (bars and bars[0].is_stale and bars[0].end_ms is not None):
        word = "STALE"
    else:
        word = "FIRST DAY" if first_day else "LIVE"
    return DataHealth(
        word, _since(word, old_chain, chain_ms, stream, bars), chain_ms, stream, bars, tuple(reasons)
    )


def _since(
    word: Word, old_chain: bool, chain_ms: int | None, stream: Stream, bars: tuple[BarState, ...]
) -> int | None:
    """Return the time of the oldest kind of data that is not current."""
    if word not in ("STALE", "OFFLINE"):
        return None
    if old_chain:
        return chain_ms
    if stream.is_stale:
        return stream.last_ms
    return bars[0].end_ms if bars else None


def _close_after(start_ms: int, market: MarketState) -> int:
    """Return the close of today's session for a bar of today, since the last bar of a session can be shorter."""
    return market.closes_ms if start_ms >= market.opens_ms else start_ms + BAR_LENGTHS_MS["1h"]
