"""The market regime of the last session, for the header of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass

from quant.sessions import DAY_MS
from warehouse.asof import regime
from warehouse.asof.rows import present

_LOOK_BACK_MS = 14 * DAY_MS


@dataclass(frozen=True, slots=True)
class RegimePart:
    """The regime of a session: `confidence` from 0 to 100, indices in points, None where absent.

    `vix_change` is the change since the session before, in points; `term_spread` is percent; `adx` and `choppiness` are
    from 0 to 100; `return_20d` is a fraction. `missing` are the inputs that were missing, which lowers the confidence.
    """

    session: str
    regime: str | None
    confidence: float | None
    missing: tuple[str, ...]
    vix: float | None
    vix_change: float | None
    vix_regime: str | None
    term_spread: float | None
    term_structure: str | None
    put_call: float | None
    put_call_regime: str | None
    breadth: str | None
    adx: float | None
    choppiness: float | None
    return_20d: float | None


def read(at_ms: int) -> RegimePart | None:
    """Return the newest regime known at `at_ms` (epoch ms), or None without one."""
    days = regime.read(at_ms - _LOOK_BACK_MS, at_ms)
    if not len(days):
        return None
    vix = present(days.vix_level[-1])
    before = present(days.vix_level[-2]) if len(days) > 1 else None
    return RegimePart(
        session=str(days.date[-1]),
        regime=str(days.market_regime[-1]) or None,
        confidence=present(days.confidence_score[-1]),
        missing=tuple(name for name in str(days.missing_inputs[-1]).split(",") if name),
        vix=vix,
        vix_change=None if vix is None or before is None else vix - before,
        vix_regime=str(days.vix_regime[-1]) or None,
        term_spread=present(days.term_spread[-1]),
        term_structure=str(days.term_structure[-1]) or None,
        put_call=present(days.put_call_ratio_total[-1]),
        put_call_regime=str(days.put_call_regime[-1]) or None,
        breadth=str(days.breadth_regime[-1]) or None,
        adx=present(days.spy_adx14[-1]),
        choppiness=present(days.spy_chop14[-1]),
        return_20d=present(days.spy_return_20d[-1]),
    )
