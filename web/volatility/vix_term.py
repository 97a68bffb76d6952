"""Term structure of the VIX in words."""

from __future__ import annotations

from typing import NamedTuple

from quant.sessions import DAY_MS
from quant.volatility.term_structure import term_structure
from warehouse.asof import regime
from warehouse.asof.rows import present
from web import formats

_READ_MS = 10 * DAY_MS


class VixTerm(NamedTuple):
    """Label, numbers, and message and recommendation of the documents, empty in a normal regime."""

    word: str
    text: str
    message: str = ""
    recommendation: str = ""


def read_vix_term(at_ms: int) -> VixTerm:
    """Return the term structure of the last market regime known at `at_ms`. Called inside `asof.at`."""
    days = regime.read(at_ms - _READ_MS, at_ms)
    if not len(days):
        return VixTerm("NO DATA", "no market regime is stored")
    vix, vix3m = present(days.vix_level[-1]), present(days.vix3m_level[-1])
    found = term_structure(vix, vix3m)
    date = f"{days.date[-1].item():%a %-d %b}"
    if found.spread_pct is None or vix is None or vix3m is None:
        missing = "VIX" if vix is None else "VIX3M"
        return VixTerm("NO DATA", f"{date}: {missing} is not stored")
    text = (
        f"{date}: VIX {formats.price(vix)}, VIX3M {formats.price(vix3m)}, spread"
        f" {formats.number(found.spread_pct, 1, sign=True)} %, {found.regime}"
    )
    recommendation = formats.words(found.recommendation) if found.recommendation else ""
    return VixTerm(formats.words(found.label), text, found.message or "", recommendation)
