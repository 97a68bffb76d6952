"""A fit of the optimiser: 50 generations of 60 genomes over 1,500 signals."""

from __future__ import annotations

import numpy as np

from backtest.genetic import Settings
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Constraints
from backtest.optimiser.validation import Problem
from tests.backtest.optimiser.synthetic import candidates
from tests.bench.measure import Measured, best_ms

FLOOR_MS = 500.0
SIGNALS, SESSIONS, REPEATS = 1500, 90, 10


def optimiser() -> Measured:
    """Measure a fit, which evaluates about 3,000 genomes."""
    found = candidates(count=SIGNALS, days=SESSIONS)
    layout = Layout(found.detectors)
    problem = Problem(found, layout, Constraints(), Settings())
    rows = np.arange(SIGNALS)
    *_, last = problem.fit(rows, SESSIONS, [0])
    fit_ms = best_ms(lambda: list(problem.fit(rows, SESSIONS, [0])), REPEATS)
    return Measured(
        value=fit_ms,
        unit="ms",
        reference=FLOOR_MS,
        ratio=FLOOR_MS / fit_ms,
        details=f"{last.evaluations:,} genomes of {len(layout.names)} genes over {SIGNALS:,} signals; "
        "required: 500 ms, better: 100 ms",
    )
