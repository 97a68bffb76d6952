"""Console output of the consumer: banner, lines of large trades, and running totals."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from flow.stream.quotes import QuoteState, count_states
from flow.stream.rows import Rows, as_trades
from quant.contracts import parse_tickers, usual_multiplier
from quant.sessions import NEW_YORK
from quant.thresholds import TRADE_RULES
from quant.trades.classification import classify
from quant.trades.conditions import IS_CANCEL
from warehouse.queries import TradeCounts, trade_counts

PREFIX: Final = "[FlowListener]"
SMALLEST_SIZE: Final = 10  # contracts; smaller trades are stored only as part of a cluster
_WIDTH: Final = 64
_ARROWS: Final = {"BULLISH": "📈", "BEARISH": "📉", "NEUTRAL": "➖"}
_MARKS: Final = {"SWEEP": " ⚡ SWEEP", "BLOCK": " 🔷 BLOCK"}


@dataclass(slots=True)
class Totals:
    """Counts since the consumer started. Written only by the decoder's thread."""

    frames: int = 0
    trades: int = 0
    batches: int = 0
    gaps: int = 0
    last_trade_ms: int = 0  # exchange time
    lag_ms: int = (
        0  # median time from exchange to consumer of the last trades, with the delay of a delayed feed
    )
    rejected: Counter[str] = field(default_factory=Counter)
    quotes: Counter[QuoteState] = field(default_factory=Counter)

    def count(self, rows: Rows) -> None:
        self.trades += len(rows)
        self.last_trade_ms = max(self.last_trade_ms, int(rows["timestamp_ms"].max()))
        self.lag_ms = int(np.median(rows["received_at_ms"] - rows["timestamp_ms"]))
        age_limit = TRADE_RULES["default"].quote_age_ms
        self.quotes += count_states(rows["bid"], rows["ask"], rows["quote_age_ms"], age_limit)


def stored_counts(symbols: Sequence[str], from_ms: int, to_ms: int) -> TradeCounts:
    """Return the trades, sweeps and blocks in the table between two exchange times, epoch ms inclusive."""
    counts = trade_counts(symbols, from_ms, to_ms).values()
    return TradeCounts(
        *(sum(getattr(one, name) for one in counts) for name in ("trades", "sweeps", "blocks"))
    )


def banner(symbols: Sequence[str], database: str, simulated: bool) -> list[str]:
    """Return the lines shown when the consumer starts."""
    title = "Options Flow Listener" + (" - SIMULATED market" if simulated else "")
    return [
        f"╔{'═' * _WIDTH}╗",
        f"║{title:^{_WIDTH}}║",
        f"╚{'═' * _WIDTH}╝",
        "",
        f"{PREFIX} Watching symbols: {', '.join(symbols) or 'none'}",
        f"{PREFIX} Min trade size: {SMALLEST_SIZE} contracts",
        f"{PREFIX} Database: {database}",
    ]


def trade_lines(rows: Rows, tickers: Sequence[str], symbols: Sequence[str]) -> list[str]:
    """Return one line per row, in order: `📈 SPX 6475C 250 @ $45.50 ($1.1M premium) 🔷 BLOCK`.

    The arrow is the sentiment by the trade's own quote. A sweep is marked only where a condition of the trade says
    so, because only the workers see the surrounding trades. Only they look up the multiplier of an adjusted contract,
    so its premium is shown as unknown.
    """
    contracts = parse_tickers(list(tickers))
    multiplier = usual_multiplier(contracts.root, np.full(len(tickers), np.nan))
    answer = classify(as_trades(rows, contracts.is_call, multiplier))
    return [
        f"{PREFIX} {_ARROWS[sentiment]} {symbol} {strike:g}{'C' if call else 'P'} {size:,} @ ${price:,.2f}"
        f" ({_money(premium)} premium){_MARKS.get(kind, '')}"
        for sentiment, symbol, strike, call, size, price, premium, kind in zip(
            answer.sentiment, symbols, contracts.strike.tolist(), contracts.is_call.tolist(),
            rows["size"].tolist(), rows["price"].tolist(), answer.premium.tolist(), answer.trade_type,
            strict=True,
        )
    ]  # fmt: skip


def largest_trades(rows: Rows, most: int) -> Rows:
    """Return the `most` rows with the highest price x size, without cancels and trades below the smallest size."""
    large: Rows = rows[(rows["size"] >= SMALLEST_SIZE) & (rows["condition_bits"] & IS_CANCEL == 0)]
    dearest = np.argsort(-(large["price"] * large["size"]), kind="stable")[:most]
    chosen: Rows = large[np.sort(dearest)]
    return chosen


def statistics_block(
    totals: Totals, stored: TradeCounts | None, uptime_seconds: float, errors: int, adjusted: int = 0
) -> list[str]:
    """Return the lines of the statistics block; `stored` is None when the database did not answer.

    `adjusted` of the trades are of adjusted contracts.
    """
    lines = [
        f"{PREFIX} 📊 Statistics:",
        f"  Uptime: {_duration(uptime_seconds)}",
        f"  Trades processed: {totals.trades:,}",
        f"  Trades stored: {_share(stored.trades, totals.trades) if stored else 'unknown'}",
        f"  Sweeps detected: {f'{stored.sweeps:,}' if stored else 'unknown'}",
        f"  Blocks detected: {f'{stored.blocks:,}' if stored else 'unknown'}",
        f"  Errors: {errors + totals.rejected.total():,}",
        f"  Last trade: {_clock(totals.last_trade_ms)}",
        f"  Quotes beside trades: {', '.join(f'{s.lower()} {totals.quotes[s]:,}' for s in QuoteState)}",
    ]
    if adjusted:
        lines.append(f"  Trades of adjusted contracts: {adjusted:,}")
    if totals.gaps:
        lines.append(f"  Gaps recorded: {totals.gaps:,}")
    lines += [f"  Rejected, {reason}: {count:,}" for reason, count in totals.rejected.most_common()]
    return lines


def _money(dollars: float) -> str:
    if math.isnan(dollars):
        return "unknown"
    for unit, letter in ((1e9, "B"), (1e6, "M")):
        if dollars >= unit:
            return f"${dollars / unit:.1f}{letter}"
    return f"${dollars / 1e3:.0f}K" if dollars >= 1e3 else f"${dollars:.0f}"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} hours {minutes} minutes" if hours else f"{minutes} minutes"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else f"{part:,}"


def _clock(epoch_ms: int) -> str:
    """Return the New York time of day on a 12-hour clock."""
    if not epoch_ms:
        return "none yet"
    return f"{dt.datetime.fromtimestamp(epoch_ms / 1000, NEW_YORK):%I:%M:%S %p}".lstrip("0")
