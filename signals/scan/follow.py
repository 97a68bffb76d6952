"""Steps in the lives of stored signals, from the path of the session's prices so far."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quant.market.outcome_kinds import ENDS, EXPIRED, GAPPED, NO_ROOM, OPEN, REASONS, TARGET_HIT
from quant.market.outcomes import Outcomes, Setups, outcomes
from quant.market.paths import PathBars
from quant.sessions import MINUTE_MS
from signals.scan.paths import BAR_MINUTES, slot_of
from signals.scan.store import SIDES
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import SignalEventKind

PIN_REACH = 0.001  # of the strike, within which the close has to be
_BAR_MS = BAR_MINUTES * MINUTE_MS
_ENDED = {"TARGET_HIT", "STOPPED", "EXPIRED", "DISMISSED", "NO_DATA"}


@dataclass(frozen=True, slots=True)
class SessionPath:
    """The path of a symbol in a session: its bars, the open, and how many of its bars have been evaluated."""

    bars: PathBars
    open_ms: int
    evaluated: int
    entry_minute: int = 1

    @property
    def is_over(self) -> bool:
        return self.evaluated >= len(self.bars)

    def end_ms(self, row: int) -> int:
        """Return the end of a bar, epoch ms."""
        return self.open_ms + (row + 1) * _BAR_MS


def next_steps(
    signals: Sequence[Signal], known: Mapping[int, Collection[str]], path: SessionPath
) -> list[SignalEvent]:
    """Return the steps of signals of one symbol and session that are not stored yet.

    `known` maps the id of a signal to the kinds of its stored steps. Signals whose outcome is measured by volatility
    have no steps within their session.
    """
    by_price = [one for one in signals if one.outcome_kind == "session"]
    found: list[SignalEvent] = []
    if by_price:
        measured = outcomes(
            path.bars, _setups(by_price, path), until=path.evaluated, entry_minute=path.entry_minute
        )
        for place, signal in enumerate(by_price):
            found += _steps(signal, measured, place, path, set(known.get(signal.id, ())))
    for signal in signals:
        ended = _ENDED & set(known.get(signal.id, ()))
        if signal.outcome_kind == "pin" and path.is_over and not ended:
            found.append(_pin(signal, path))
    return found


def _setups(signals: Sequence[Signal], path: SessionPath) -> Setups:
    targets = np.full((len(signals), 3), np.nan)
    for row, signal in enumerate(signals):
        targets[row, : len(signal.targets)] = signal.targets
    return Setups(
        bar=np.array([slot_of(int(one.bar_end), path.open_ms) for one in signals], dtype=np.int64),
        side=np.array([float(SIDES[one.direction]) for one in signals]),
        reference=np.array([one.reference_price for one in signals], dtype=float),
        stop=np.array([one.stop for one in signals], dtype=float),
        targets=targets,
        wall=np.full(len(signals), np.nan),
    )


def _steps(
    signal: Signal, found: Outcomes, place: int, path: SessionPath, known: set[str]
) -> list[SignalEvent]:
    """Return the steps of one signal that are not known."""
    end, reason = int(found.end[place]), int(found.reason[place])
    steps: list[SignalEvent] = []
    is_entered = found.entry_row[place] >= 0 and reason not in (GAPPED, NO_ROOM)
    if is_entered and SignalEventKind.ENTERED not in known:
        row, minute = int(found.entry_row[place]), int(found.entry_minute[place])
        at_ms = path.end_ms(row) - _BAR_MS + max(minute, 0) * MINUTE_MS
        details = {"entry_before_signal": minute < 0, "entry_drag": _number(found.entry_drag[place])}
        steps.append(_event(signal, SignalEventKind.ENTERED, at_ms, found.entry[place], details=details))
    if not _ENDED & known and end != OPEN:
        at_ms = path.end_ms(int(found.end_row[place]))
        if end == TARGET_HIT:
            steps.append(_event(signal, SignalEventKind.TARGET_1, at_ms, found.exit[place]))
        details = (
            _measures(found, place) if end in (TARGET_HIT, EXPIRED) or found.exit_row[place] >= 0 else {}
        )
        kind = SignalEventKind(ENDS[end])
        steps.append(_event(signal, kind, at_ms, found.exit[place], REASONS[reason], details))
    if end == TARGET_HIT and SignalEventKind.DISMISSED not in known:
        for kind, reached, price in (
            (SignalEventKind.TARGET_2, found.reached_2, 1),
            (SignalEventKind.TARGET_3, found.reached_3, 2),
        ):
            if reached[place] == 1.0 and kind not in known:
                at_ms = path.end_ms(path.evaluated - 1)
                steps.append(_event(signal, kind, at_ms, signal.targets[price]))
    return steps


def _pin(signal: Signal, path: SessionPath) -> SignalEvent:
    """Return the end of a pin: a hit where the session closes within 0.1 % of the strike."""
    closes = path.bars.close[~np.isnan(path.bars.close)]
    at_ms = path.end_ms(len(path.bars) - 1)
    if not len(closes):
        return _event(signal, SignalEventKind.NO_DATA, at_ms, math.nan)
    close, strike = float(closes[-1]), float(signal.targets[0])
    is_hit = abs(close - strike) <= PIN_REACH * strike
    pnl = SIDES[signal.direction] * (close - float(signal.reference_price))
    details = {"close": close, "pnl": pnl, "is_official": False}
    kind = SignalEventKind.TARGET_HIT if is_hit else SignalEventKind.EXPIRED
    return _event(signal, kind, at_ms, close, "" if is_hit else "session end", details)


def _measures(found: Outcomes, place: int) -> dict[str, Any]:
    numbers = {
        name: _number(getattr(found, name)[place]) for name in ("entry", "exit", "pnl", "r", "mfe", "mae")
    }
    return {
        **numbers,
        "bars_held": int(found.bars_held[place]),
        "ambiguous": bool(found.ambiguous[place]),
        "entry_before_signal": bool(found.entry_minute[place] < 0),
    }


def _event(
    signal: Signal,
    kind: SignalEventKind,
    at_ms: int,
    price: float,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> SignalEvent:
    return SignalEvent(
        signal_id=signal.id,
        symbol=signal.symbol,
        kind=kind,
        timestamp=at_ms,
        price=_number(price),
        reason=reason or None,
        details=details or {},
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
