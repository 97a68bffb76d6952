"""Give trades to backtesting.py: `python backtesting_trades.py IN.npz OUT.npz`, with a Python that has this engine.

IN has bars and trades, OUT gets the entries, exits and profits that the engine finds.

A bar with the close of the last one is added to each session, because this engine closes trades at the next open, and a
copy of the first bar before all others, because it calls a strategy from the second bar on.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

NAMES = ("column", "entry_row", "exit_row", "entry", "exit", "pnl")


def main(source: str, result: str) -> None:
    warnings.simplefilter("ignore")
    given = dict(np.load(source))
    started = time.perf_counter()
    found = [trade for column in np.unique(given["column"]) for trade in trades_of(given, int(column))]
    seconds = time.perf_counter() - started
    np.savez(result, **dict(zip(NAMES, np.array(found).T, strict=True)), seconds=seconds)


def trades_of(given: dict[str, np.ndarray], column: int) -> list[tuple[float, ...]]:
    session, longer = int(given["session"]), int(given["session"]) + 1
    symbol = column // int(given["width"])
    bars = pd.DataFrame({n.title(): _longer(given, n, symbol) for n in ("open", "high", "low", "close")})
    orders = {}
    for place in np.flatnonzero(given["column"] == column):
        row = int(given["entry_row"][place])
        orders[row + row // session - 1] = tuple(given[name][place] for name in ("side", "stop", "target"))

    class Given(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            bar = len(self.data) - 2
            if bar in orders:
                side, stop, target = orders[bar]
                (self.buy if side > 0 else self.sell)(size=1, sl=stop, tp=target)
            if bar % longer == session - 1:
                for trade in self.trades:
                    trade.close()

    test = Backtest(bars, Given, cash=1e9, commission=float(given["commission"]), finalize_trades=True)
    rows = []
    for trade in test.run()._trades.itertuples():
        entry, end = trade.EntryBar - 1, trade.ExitBar - 1
        entry -= entry // longer
        end = end - end // longer - (end % longer == session)
        rows.append((column, entry, end, trade.EntryPrice, trade.ExitPrice, trade.PnL))
    return rows


def _longer(given: dict[str, np.ndarray], name: str, symbol: int) -> np.ndarray:
    session = int(given["session"])
    prices, closed = (given[one][:, symbol].reshape(-1, session) for one in (name, "close"))
    return np.concatenate([prices[0, :1], np.hstack([prices, closed[:, -1:]]).ravel()])


if __name__ == "__main__":
    main(*sys.argv[1:])
