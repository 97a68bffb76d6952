"""Console output as in document 4: banner, trade lines, statistics block."""

from __future__ import annotations

from collections import Counter

import numpy as np

from flow.stream.quotes import QuoteState
from flow.stream.rows import ROW
from flow.stream.statistics import Totals, banner, largest_trades, statistics_block, trade_lines
from warehouse.queries import TradeCounts

T = 1_795_203_342_000  # 2026-11-20 14:35:42 in New York


def rows(*trades: tuple[float, int, int], bid: float = 45.4, ask: float = 45.5):
    """Return trades of (price, size, condition)."""
    made = np.zeros(len(trades), ROW)
    for row, (price, size, condition) in zip(made, trades, strict=True):
        row["price"], row["size"], row["condition"] = price, size, condition
    made["bid"], made["ask"], made["average_size"] = bid, ask, 100.0
    return made


def test_trade_line_has_direction_contract_size_price_and_premium():
    tickers = [
        "O:SPXW261218C06475000",
        "O:NDXP261218P21000000",
        "O:SPY261218C00645500",
        "O:SPY261218C00645000",
    ]
    trades = rows((45.5, 250, 209), (45.5, 150, 209), (45.45, 500, 209), (45.4, 10, 219))
    assert trade_lines(trades, tickers, ["SPX", "NDX", "SPY", "SPY"]) == [
        "[FlowListener] 📈 SPX 6475C 250 @ $45.50 ($1.1M premium)",
        "[FlowListener] 📉 NDX 21000P 150 @ $45.50 ($682K premium)",
        "[FlowListener] ➖ SPY 645.5C 500 @ $45.45 ($2.3M premium) 🔷 BLOCK",
        "[FlowListener] 📉 SPY 645C 10 @ $45.40 ($45K premium) ⚡ SWEEP",
    ]


def test_lines_show_the_largest_trades_of_ten_contracts_or_more():
    trades = rows((1.0, 10, 0), (900.0, 9, 0), (2.0, 20, 0), (3.0, 30, 0))
    assert largest_trades(trades, 2)["size"].tolist() == [20, 30]


def test_banner_has_symbols_minimum_size_database_and_simulated_mark():
    lines = banner(["SPX", "SPY"], "host:5432/warehouse", simulated=True)
    assert lines[1].strip("║").strip() == "Options Flow Listener - SIMULATED market"
    assert lines[4:] == [
        "[FlowListener] Watching symbols: SPX, SPY",
        "[FlowListener] Min trade size: 10 contracts",
        "[FlowListener] Database: host:5432/warehouse",
    ]


def test_statistics_block_has_all_counts():
    totals = Totals(
        trades=1248, last_trade_ms=T, gaps=1, rejected=Counter({"frame is no JSON array": 2}),
        quotes=Counter({QuoteState.FRESH: 1200, QuoteState.MISSING: 48}),
    )  # fmt: skip
    assert statistics_block(totals, TradeCounts(342, 18, 12), 300.0, errors=1) == [
        "[FlowListener] 📊 Statistics:",
        "  Uptime: 5 minutes",
        "  Trades processed: 1,248",
        "  Trades stored: 342 (27.4%)",
        "  Sweeps detected: 18",
        "  Blocks detected: 12",
        "  Errors: 3",
        "  Last trade: 2:35:42 PM",
        "  Quotes beside trades: fresh 1,200, missing 48, stale 0, crossed 0",
        "  Gaps recorded: 1",
        "  Rejected, frame is no JSON array: 2",
    ]


def test_statistics_block_without_database_has_unknown_counts():
    lines = statistics_block(Totals(), None, 7_300.0, errors=0)
    assert lines[1:6] == [
        "  Uptime: 2 hours 1 minutes",
        "  Trades processed: 0",
        "  Trades stored: unknown",
        "  Sweeps detected: unknown",
        "  Blocks detected: unknown",
    ]


def test_the_premium_of_an_adjusted_contract_is_unknown_to_the_consumer():
    line = "[FlowListener] ➖ AMD 100C 500 @ $45.45 (unknown premium) 🔷 BLOCK"
    assert trade_lines(rows((45.45, 500, 209)), ["O:AMD1261218C00100000"], ["AMD"]) == [line]


def test_trades_of_adjusted_contracts_are_stated():
    lines = statistics_block(Totals(), None, 60.0, errors=0, adjusted=1_234)
    assert "  Trades of adjusted contracts: 1,234" in lines
