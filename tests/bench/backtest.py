"""Outcomes of given entries, compared with the same trades in vectorbt and in backtesting.py."""

from __future__ import annotations

from tests.bench.engines.agreement import Agreement, agreement
from tests.bench.engines.market import market, own_outcomes
from tests.bench.measure import Measured, best_ms


def backtest() -> Measured:
    """Compare the outcomes of 90 days, 8 symbols and 17 detectors with vectorbt's `Portfolio.from_signals`."""
    data = market()
    own_ms = best_ms(lambda: own_outcomes(data, 0.0), repeats=50)
    found = agreement("vectorbt", data, 0.0)
    return Measured(
        value=own_ms,
        unit="ms",
        reference=1000 * found.seconds,
        ratio=1000 * found.seconds / own_ms,
        details=f"{_text(found)}; required: ratio 5, better: 20",
    )


def backtest_agreement() -> Measured:
    """Count the trades, with a commission, that backtesting.py ends with the same profit."""
    found = agreement("backtesting.py", market(), 0.0001)
    return Measured(
        value=found.equal,
        unit="trades",
        reference=found.trades,
        ratio=found.equal / found.trades,
        details=f"{_text(found)}; backtesting.py takes {found.seconds:.1f} s",
    )


def _text(found: Agreement) -> str:
    return (
        f"{found.equal:,} of {found.trades:,} trades are equal, {found.entry_bar:,} differ in the bar of the entry, "
        f"{found.unexplained:,} without a reason"
    )
