"""How many outcomes do not exist, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from backtest.columns import OutcomeColumns
from backtest.report.summary import ended_with_data
from quant.market.outcome_kinds import ENDS, OPEN

STILL_OPEN = "still open"
UNKNOWN_REASON = "no data"
_MISSING = "no data: "  # before what is missing of a change of volatility


def no_outcome(outcomes: OutcomeColumns) -> dict[str, int]:
    """Return the number of firings without an outcome by reason, the most frequent first.

    A reason is one of `quant.market.outcome_kinds.REASONS`, one of a change of volatility, or "still open".
    """
    missing = outcomes.pick(~ended_with_data(outcomes))
    reasons = Counter(
        STILL_OPEN if end == ENDS[OPEN] else reason or UNKNOWN_REASON
        for end, reason in zip(missing.end.tolist(), missing.reason.tolist(), strict=True)
    )
    return dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))


def in_words(reasons: Mapping[str, int]) -> str:
    """Return the reasons with their numbers: 12 minutes are missing, 3 gapped; empty without one."""
    return ", ".join(f"{count:,} {_said(reason)}" for reason, count in reasons.items())


def _said(reason: str) -> str:
    missing = reason.removeprefix(_MISSING)
    return reason if missing == reason else f"{missing} is missing"
