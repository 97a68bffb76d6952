"""Rows of outcomes: a firing with its context at entry, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backtest.patterns.matched import key_of
from backtest.priced.exit_minute import exit_minute
from backtest.simulation.tested import Followed, PastSession, Predicted
from quant.market.outcome_kinds import ENDS, EXPIRED, NONE, OPEN, REASONS, TARGET_HIT
from quant.market.outcomes import Outcomes
from quant.sessions import MINUTE_MS
from signals.rules.rule import LONG
from signals.scan.found import FoundSignal, plain
from signals.scan.paths import Path, is_pinned

AGREES = {(LONG, "BULLISH"): "aligned", (-LONG, "BEARISH"): "aligned", (LONG, "BEARISH"): "opposed"}
AGREES |= {(-LONG, "BULLISH"): "opposed"}
_NUMBERS = (
    "entered_at",
    "entry",
    "exited_at",
    "exit_minute",
    "exit",
    "pnl",
    "r",
    "mfe",
    "mae",
    "entry_drag",
    "predicted",
    "actual",
)
_NOTHING = dict.fromkeys(_NUMBERS) | {"bars_held": 0, "ambiguous": False, "entry_before_signal": False}


def rows_of(tested: PastSession) -> Iterator[tuple[FoundSignal, dict[str, Any]]]:
    """Yield each firing of a session with its row; numbers that do not exist are None."""
    for group in tested.followed:
        for place, signal in enumerate(group.signals):
            yield signal, _entry(signal, tested) | _NOTHING | _outcome(group, place)
    for one in tested.predicted:
        yield one.signal, _entry(one.signal, tested) | _NOTHING | _change(one)


def _entry(signal: FoundSignal, tested: PastSession) -> dict[str, Any]:
    """Return what was known when a signal fired."""
    contexts = signal.contexts
    medium = contexts.flow.medium
    sentiment = "" if medium is None else medium.sentiment
    neutral = "neutral" if sentiment else ""
    return {
        "symbol": signal.symbol,
        "timeframe": signal.timeframe,
        "detector": signal.detector.name,
        "direction": "LONG" if signal.direction == LONG else "SHORT",
        "session": tested.day,
        "bar_end": signal.bar_end,
        "disposition": signal.score.disposition,
        "blocked_by": list(signal.score.blocks),
        "outcome_kind": signal.detector.rule.ending,
        "reference_price": plain(signal.reference),
        "stop": plain(signal.stop),
        "target": plain(signal.targets[0]),
        "base_score": signal.score.base,
        "final_score": signal.score.final,
        "confluence": plain(signal.confluence.overall),
        "terms": {
            name: boost.factor if name == "flow" else boost.delta
            for name, boost in signal.score.terms.items()
        },
        "components": signal.confluence.values(),
        "followed": signal.followed,
        "patterns": list(tested.patterns.get(key_of(signal), ())),
        "iv_rank": plain(contexts.iv.rank),
        "iv_percentile": plain(contexts.iv.percentile),
        "iv_regime": contexts.iv.iv_regime or "",
        "market_regime": contexts.regime.market_regime or "",
        "positioning": contexts.gamma.positioning or "",
        "resistance": plain(contexts.gamma.resistance),
        "support": plain(contexts.gamma.support),
        "flow_alignment": AGREES.get((signal.direction, sentiment), neutral),
    }


def _outcome(group: Followed, place: int) -> dict[str, Any]:
    found, path = group.outcomes, group.path
    if group.ending == "pin":
        end, reason = _end_of_pin(group, place)
    else:
        end, reason = int(found.end[place]), int(found.reason[place])
    entered, exited = int(found.entry_row[place]), int(found.exit_row[place])
    is_measured = exited >= 0
    entry = float(found.entry[place])
    return {
        "end": ENDS[end],
        "reason": REASONS[reason],
        "entered_at": _entered_at(found, path, place) if entered >= 0 else None,
        "entry": plain(entry),
        "exited_at": int(path.end_ms[exited]) if is_measured else None,
        "exit_minute": exit_minute(
            found, path, place, group.signals[place].direction, at_close=group.ending == "pin"
        ),
        "exit": plain(float(found.exit[place])),
        "pnl": plain(float(found.pnl[place]) / abs(entry)) if is_measured else None,
        "r": plain(float(found.r[place])),
        "mfe": plain(float(found.mfe[place])),
        "mae": plain(float(found.mae[place])),
        "entry_drag": plain(float(found.entry_drag[place])),
        "bars_held": int(found.bars_held[place]),
        "ambiguous": bool(found.ambiguous[place]),
        # A daily bar has no minutes: its signal is entered at the next open.
        "entry_before_signal": entered >= 0 and path.longest is None and int(found.entry_minute[place]) < 0,
    }


def _change(one: Predicted) -> dict[str, Any]:
    """Return how a prediction about volatility ended; volatilities have no price and no risk."""
    if one.crush is None:
        return {"end": ENDS[OPEN], "reason": ""}
    return {
        "end": one.crush.end.value,
        "reason": one.crush.reason,
        "predicted": plain(one.signal.prediction),
        "actual": plain(one.crush.change),
    }


def _entered_at(found: Outcomes, path: Path, place: int) -> int:
    minute = max(int(found.entry_minute[place]), 0)
    return int(path.start_ms[found.entry_row[place]]) + minute * MINUTE_MS


def _end_of_pin(group: Followed, place: int) -> tuple[int, int]:
    end, reason = int(group.outcomes.end[place]), int(group.outcomes.reason[place])
    close = group.path.last_close()
    if end != EXPIRED or np.isnan(close):
        return end, reason
    return (TARGET_HIT, NONE) if is_pinned(close, group.signals[place].targets[0]) else (end, reason)
