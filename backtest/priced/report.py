"""The numbers of option trades: per detector, symbol and market regime, and of those with stored prices alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.bootstrap import Interval, mean_interval
from backtest.columns import OutcomeColumns
from backtest.priced.columns import OptionColumns
from backtest.report.counted import counted_once, is_of_profits
from backtest.report.groups import UNKNOWN
from backtest.report.rates import Rate, rate
from backtest.report.summary import mean
from quant.chain import Bools
from signals.scan.found import plain

DIMENSIONS = ("symbol", "regime")


@dataclass(frozen=True, slots=True)
class OptionSummary:
    """Numbers of option trades; a number that does not exist is None.

    `outcomes` counts all firings and `trades` those with an option trade. At least one price of `modelled` of them is
    that of a model; `modelled_share` is their share. The win rate is that of trades with a profit after costs.
    Averages, extremes and `expectancy` are fractions of the premium paid, and `interval` is the 95 % interval of the
    expectancy, by session. `stored_win_rate` and `stored_expectancy` are those of the trades without a modelled price.
    `unpriced` counts the firings without an option trade by reason. `too_few` is True below 30 trades.
    """

    outcomes: int
    trades: int
    modelled: int
    modelled_share: float | None
    too_few: bool
    win_rate: Rate
    average_win: float | None
    average_loss: float | None
    largest_win: float | None
    largest_loss: float | None
    profit_factor: float | None
    expectancy: float | None
    interval: Interval | None
    stored_win_rate: Rate
    stored_expectancy: float | None
    unpriced: Mapping[str, int]


def summarise(outcomes: OutcomeColumns, options: OptionColumns) -> OptionSummary:
    """Return the numbers of the option trades of outcomes, both in the same order."""
    used = options.is_priced
    pnl, modelled = options.pnl[used], options.modelled[used]
    wins, losses, stored = pnl[pnl > 0], pnl[pnl < 0], pnl[~modelled]
    win_rate = rate(len(wins), len(pnl))
    return OptionSummary(
        outcomes=len(options),
        trades=len(pnl),
        modelled=int(modelled.sum()),
        modelled_share=mean(modelled.astype(float)),
        too_few=win_rate.too_few,
        win_rate=win_rate,
        average_win=mean(wins),
        average_loss=mean(losses),
        largest_win=float(wins.max()) if len(wins) else None,
        largest_loss=float(losses.min()) if len(losses) else None,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        expectancy=mean(pnl),
        interval=mean_interval(pnl, outcomes.session[used]) if len(pnl) else None,
        stored_win_rate=rate(int((stored > 0).sum()), len(stored)),
        stored_expectancy=mean(stored),
        unpriced=dict(sorted(Counter(options.reason[~used].tolist()).items())),
    )


def option_document(
    detectors: list[str], outcomes: OutcomeColumns, options: OptionColumns, rows: Bools
) -> dict[str, Any]:
    """Return the option trades of a population, the firings `rows` (n,), as JSON has them.

    `total` is the summary of all of them, `detectors` has one per detector with its market regimes, `groups` those of
    each symbol and each market regime. Detectors whose outcomes are no profits are left out. Total and groups count
    twins of one family once (`backtest.report.counted`).
    """

    def of(part: Bools) -> dict[str, Any]:
        found: dict[str, Any] = plain(summarise(outcomes.pick(part), options.pick(part)))
        return found

    def groups(name: str, part: Bools) -> dict[str, Any]:
        values = getattr(outcomes, name)
        return {str(one) or UNKNOWN: of(part & (values == one)) for one in np.unique(values[part])}

    once = rows & counted_once(outcomes)
    return {
        "total": of(once),
        "detectors": [
            {"detector": name, **of(mine), "by": {"regime": groups("regime", mine)}}
            for name in detectors
            if is_of_profits(name)
            for mine in (rows & (outcomes.detector == name),)
        ],
        "groups": {name: groups(name, once) for name in DIMENSIONS},
    }
