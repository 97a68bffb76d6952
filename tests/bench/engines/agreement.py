"""The same trades through another engine: how many have the same entry, exit and profit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.engines.environments import python_of
from tests.bench.engines.market import BARS, DETECTORS, ROWS, SYMBOLS, Market, own_outcomes

PROGRAMS = Path(__file__).resolve().parent / "programs"
FILES = {"vectorbt": "vectorbt_trades.py", "backtesting.py": "backtesting_trades.py"}
FIELDS = ("entry_row", "exit_row", "entry", "exit", "pnl")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Trades of an engine and of the warehouse: equal ones, those that end in the bar of their entry, and the rest.

    vectorbt looks at stop and target from the bar after the entry on, so trades of the second kind differ there.
    `seconds` is the time of the engine for all trades.
    """

    trades: int
    equal: int
    entry_bar: int
    unexplained: int
    seconds: float


def agreement(engine: str, data: Market, commission: float) -> Agreement:
    """Give an engine the trades that the warehouse enters, and compare entries, exits and profits.

    Raises ValueError where the engine does not make the same number of trades.
    """
    found = own_outcomes(data, commission)
    made = np.flatnonzero(found.exit_row >= 0)
    made = made[np.lexsort((found.entry_row[made], data.column[made]))]
    ours = {name: getattr(found, name)[made] for name in FIELDS}
    # The engines have a row per bar and a column per detector of a symbol.
    ours["entry_row"], ours["exit_row"] = ours["entry_row"] % ROWS, ours["exit_row"] % ROWS
    column = data.column[made]
    given = {
        "column": column,
        "entry_row": ours["entry_row"],
        "side": data.setups.side[made],
        "stop": data.setups.stop[made],
        "target": data.setups.targets[made, 0],
        "width": DETECTORS,
        "session": BARS,
        "commission": commission,
    }
    prices = {
        name: np.ascontiguousarray(getattr(data.bars, name).reshape(SYMBOLS, ROWS).T)
        for name in ("open", "high", "low", "close")
    }
    theirs = _run(engine, given | prices)
    order = np.lexsort((theirs["entry_row"], theirs["column"]))
    if not np.array_equal(theirs["column"][order], column):
        raise ValueError(f"{engine} made {len(order)} trades of {len(made)}")
    equal = np.ones(len(made), dtype=bool)
    for name in FIELDS:
        equal &= np.isclose(theirs[name][order], ours[name], rtol=1e-12, atol=1e-7)
    in_entry_bar = ~equal & (ours["exit_row"] == ours["entry_row"])
    return Agreement(
        trades=len(made),
        equal=int(equal.sum()),
        entry_bar=int(in_entry_bar.sum()),
        unexplained=int((~equal & ~in_entry_bar).sum()),
        seconds=float(theirs["seconds"]),
    )


def _run(engine: str, given: dict[str, object]) -> dict[str, np.ndarray]:
    with TemporaryDirectory() as folder:
        source, result = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **given)
        program = [python_of(engine), PROGRAMS / FILES[engine], source, result]
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
        return dict(np.load(result))
