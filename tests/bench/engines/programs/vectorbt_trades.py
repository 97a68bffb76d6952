"""Give trades to vectorbt: `python vectorbt_trades.py IN.npz OUT.npz`, with a Python that has this engine.

IN has bars and trades, OUT gets the entries, exits and profits that the engine finds.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import vectorbt as vbt

RUNS = 10


def main(source: str, result: str) -> None:
    given = dict(np.load(source))
    width, session = int(given["width"]), int(given["session"])
    opened, high, low, closed = (
        np.repeat(given[name], width, axis=1) for name in ("open", "high", "low", "close")
    )
    row, column, up = given["entry_row"], given["column"], given["side"] > 0
    long, short, leave = (np.zeros(opened.shape, dtype=bool) for _ in range(3))
    long[row[up], column[up]] = True
    short[row[~up], column[~up]] = True
    leave[session - 1 :: session] = True
    price = opened.copy()
    price[session - 1 :: session] = closed[session - 1 :: session]
    stop, target = np.full(opened.shape, np.nan), np.full(opened.shape, np.nan)
    stop[row, column] = np.abs(given["stop"] / opened[row, column] - 1)
    target[row, column] = np.abs(given["target"] / opened[row, column] - 1)

    def run() -> np.ndarray:
        portfolio = vbt.Portfolio.from_signals(
            closed,
            long,
            leave,
            short,
            leave,
            open=opened,
            high=high,
            low=low,
            price=price,
            size=1.0,
            init_cash=1e9,
            sl_stop=stop,
            tp_stop=target,
            stop_entry_price="price",
            fees=float(given["commission"]),
            freq="15min",
        )
        return portfolio.trades.records

    run()  # compiles
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        trades = run()
        seconds.append(time.perf_counter() - started)
    np.savez(
        result,
        column=trades["col"],
        entry_row=trades["entry_idx"],
        exit_row=trades["exit_idx"],
        entry=trades["entry_price"],
        exit=trades["exit_price"],
        pnl=trades["pnl"],
        seconds=min(seconds),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
