"""Encoding of the stream's messages: events of trades, quotes and values, and status messages."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from simulator.stream.trade_blocks import Block
from simulator.stream.trade_pool import Pool

_encoder = msgspec.json.Encoder()
# Events per frame; with 200 bytes per event a frame is far below the clients' limit of 1 MB.
FRAME_EVENTS = 400


class OptionTrade(msgspec.Struct, tag_field="ev", tag="T", omit_defaults=True, gc=False):
    """Event of an option trade."""

    sym: str
    x: int
    p: float
    s: int
    t: int
    q: int
    c: list[int] | UnsetType = UNSET


class OptionQuote(msgspec.Struct, tag_field="ev", tag="Q", gc=False):
    """Event of an option quote."""

    sym: str
    bx: int
    bp: float
    bs: int
    ax: int
    ap: float
    # `as` is a Python keyword.
    ask_size: int = msgspec.field(name="as")
    t: int
    q: int


class Events(NamedTuple):
    """Events in the order of sending: encodable messages, their times (epoch ms), their contracts' rows."""

    messages: NDArray[Any]
    ms: NDArray[np.int64]
    contract: NDArray[np.int64]
    is_trade: NDArray[np.bool_]


def block_events(pool: Pool, block: Block, with_quotes: bool) -> Events:
    """Return the events of a block: quotes and trades merged, without withheld trades."""
    trades = block.trades[~block.trades["withheld"]]
    quotes = block.quotes if with_quotes else block.quotes[:0]
    messages = np.empty(len(trades) + len(quotes), dtype=object)
    messages[: len(quotes)] = _quote_messages(pool, quotes)
    messages[len(quotes) :] = _trade_messages(pool, trades)
    q = np.concatenate((quotes["q"], trades["q"]))
    order = np.argsort(q)
    is_trade = np.arange(len(q)) >= len(quotes)
    contract = np.concatenate((quotes["contract"], trades["contract"])).astype(np.int64)
    ms = np.concatenate((quotes["ms"], trades["ms"]))
    return Events(messages[order], ms[order], contract[order], is_trade[order])


def _trade_messages(pool: Pool, trades: NDArray[Any]) -> list[OptionTrade]:
    conditions: dict[int, list[int] | UnsetType] = {
        number: [number] if number else UNSET for number in np.unique(trades["condition"]).tolist()
    }
    return list(
        map(
            OptionTrade,
            pool.listing.ticker[trades["contract"]].tolist(),
            *(trades[name].tolist() for name in ("exchange", "price", "size", "ms", "q")),
            [conditions[number] for number in trades["condition"].tolist()],
        )
    )


def _quote_messages(pool: Pool, quotes: NDArray[Any]) -> list[OptionQuote]:
    shown = pool.venues[quotes["contract"], 0].tolist()
    bid, bid_size, ask, ask_size, ms, q = (
        quotes[name].tolist() for name in ("bid", "bid_size", "ask", "ask_size", "ms", "q")
    )
    tickers = pool.listing.ticker[quotes["contract"]].tolist()
    return list(map(OptionQuote, tickers, shown, bid, bid_size, shown, ask, ask_size, ms, q))


encode = _encoder.encode


def frames(messages: list[Any]) -> list[bytes]:
    """Encode messages as JSON arrays of at most FRAME_EVENTS each."""
    return [encode(messages[start : start + FRAME_EVENTS]) for start in range(0, len(messages), FRAME_EVENTS)]


def status(kind: str, message: str) -> dict[str, str]:
    """Return a status message."""
    return {"ev": "status", "status": kind, "message": message}
