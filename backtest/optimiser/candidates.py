"""Firings as columns: all that the score, the choice and the outcome of a firing depend on."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from backtest.report.returns import Dates
from backtest.splits import Intervals
from quant.chain import Bools, Floats
from quant.market.paths import Ints
from quant.score_thresholds import CONFLUENCE_WEIGHTS, STYLE_SHARES

BOOSTS = ("iv", "gamma", "alignment", "regime")  # terms of the score in points; that of the flow is a factor
COMPONENTS = tuple(CONFLUENCE_WEIGHTS)
STYLES = tuple(STYLE_SHARES)
_BY_CANDIDATE = {"deltas", "components", "free_at", "r", "reward"}
_BY_CANDIDATE |= {"chance_r", "chance_deviation", "chance_win_rate"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """Firings in the order of `fires_at`, arrays of shape (n,) unless said otherwise.

    `detector` is a position in `detectors`. `base`, `deltas` (in the order of BOOSTS, shape (4, n)) and `factor` (that
    of the flow) are the terms of the score; `components` (in the order of COMPONENTS, shape (5, n), NaN without data)
    are those of the confluence, and `followed` is the institutional score where the flow is to be followed, else 0.
    `is_daily` marks firings on daily bars, whose style is swing. Blocked firings are never chosen.

    Of the chosen firings of one `key` one is live at a time: the next one counts if it fires at `free_at` or later.
    A key is a symbol, detector, direction and, on 15-minute bars, session. `entered` and `exited` bound what is known
    of a firing, for splits; both and `fires_at` are whole numbers in one unit.

    What follows exists once for each variant of the exits, shape (v, n): `free_at`, `r` (after costs, NaN without a
    result), `reward` (target over risk), and mean, standard deviation and share of wins of R of the random entries (NaN
    without any).
    """

    detectors: tuple[str, ...]
    detector: Ints
    session: Dates
    base: Floats
    deltas: Floats
    factor: Floats
    components: Floats
    followed: Floats
    is_daily: Bools
    blocked: Bools
    key: Ints
    fires_at: Ints
    entered: Ints
    exited: Ints
    free_at: Ints
    r: Floats
    reward: Floats
    chance_r: Floats
    chance_deviation: Floats
    chance_win_rate: Floats

    def __post_init__(self) -> None:
        if (np.diff(self.fires_at) < 0).any():
            raise ValueError("candidates must be in the order in which they fire")

    def __len__(self) -> int:
        return len(self.detector)

    @property
    def variants(self) -> int:
        """Number of variants of the exits."""
        return len(self.r)

    @property
    def intervals(self) -> Intervals:
        """The session, entry and exit of each firing."""
        return Intervals(self.session, self.entered, self.exited)

    def pick(self, rows: Ints) -> Candidates:
        """Return the firings at ascending positions."""
        found = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "detectors":
                found[one.name] = value
            else:
                found[one.name] = value[:, rows] if one.name in _BY_CANDIDATE else value[rows]
        return Candidates(**found)
