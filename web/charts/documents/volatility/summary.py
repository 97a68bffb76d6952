"""The six values above the volatility charts of a symbol, and its watch list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.sessions import DAY_MS
from quant.thresholds import SKEW_STATE
from quant.volatility.event_variance import NO_EVENT
from quant.volatility.term_structure import term_structure
from warehouse import asof
from warehouse.asof import iv
from web import formats
from web.charts.documents.document import ChartDocument, Column, Value, known
from web.charts.documents.slots import chain_state, no_chain
from web.charts.documents.volatility.slot_smiles import SlotSmiles, events_after_chain, slot_smiles
from web.volatility.crushes import read_events
from web.volatility.ramps import is_news, read_ramp
from web.volatility.vix_term import read_vix_term

_READ_MS = 10 * DAY_MS
_DAYS = 30
COLUMNS = (
    Column("name", "Value", is_text=True),
    Column("value", "Now", is_text=True),
    Column("detail", "Detail", is_text=True),
    Column("tone", "Sign", is_text=True),
)
# Words for why no event move is known.
EVENT_REASONS = {
    "no_event": "no event before the last expiration",
    "few_expirations": "too few expirations",
    "no_volatility": "no volatility",
    "too_near": "less than a trading day to the first expiration",
    "not_determined": "the expirations do not tell event and base apart",
    "negative_event_variance": "the volatilities show no event: the expirations after it have too little variance",
    "negative_base_variance": "the volatilities do not fit the event: it alone would exceed their variance",
}


def volatility_document(symbol: str, at_ms: int, slot_ms: int | None = None) -> ChartDocument:
    """Return name, value, detail and sign of the six values of the newest chain up to `slot_ms`, as texts.

    They are at 30 days. `parts` has `watch`: name, word, whether it needs attention, and text of the ramp before
    events, of the events of the last week, and of the term structure of the VIX, all as known at `at_ms`.
    """
    document = ChartDocument("volatility", symbol, "Volatility", "", "", "EMPTY", "NO DATA", None, COLUMNS)
    with asof.at(at_ms):
        found = slot_smiles(symbol, slot_ms, at_ms)
        late = [] if found is None else events_after_chain(symbol, found, at_ms)
        days = iv.read(symbol, at_ms - _READ_MS, at_ms)
        parts = {"watch": _watch(symbol, at_ms)}
        if found is None:
            return replace(document, parts=parts, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(found.slot, slot_ms, at_ms)
    rows = _rows(found, days, late)
    return replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=found.slot.timestamp,
        sentence="; ".join(f"{row[0]} {row[1]}" for row in rows) + ".",
        rows=rows,
        cells=[[str(value or "") for value in row] for row in rows],
        parts=parts,
    )


def _rows(found: SlotSmiles, days: iv.IvDays, late: list[str]) -> list[list[Value]]:
    term, smiles = found.term, found.smiles
    at, after = (term.tenor_days.tolist().index(days) for days in (_DAYS, 2 * _DAYS))
    level = float(term.at_the_money[at])
    skew = float(term.skew_25d_put_minus_call[at])
    butterfly = float(term.butterfly_25d[at])
    shape = "wings over the middle" if butterfly > 0 else "middle over the wings"
    slope = term_structure(level, float(term.at_the_money[after])).label
    fitted = smiles.is_fitted
    flags = (int(smiles.butterflies[fitted].sum()), int(smiles.calendars[fitted].sum()))
    shape = shape if np.isfinite(butterfly) else ""
    state = formats.words(SKEW_STATE.label(skew * 100))
    return [
        ["At the money, 30 days", formats.percent(level, 1), _rank(days), ""],
        ["25-delta put over call", formats.points(known(skew), 1, sign=True), state, ""],
        ["Butterfly, 25 delta", formats.points(known(butterfly), 2, sign=True), shape, ""],
        ["Slope, 30 to 60 days", formats.points(known(term.slope), 1, sign=True), formats.words(slope), ""],
        _event(found, at, late),
        [
            "Violations",
            formats.number(sum(flags)),
            f"{flags[0]} butterfly, {flags[1]} calendar; {term.settlements} of {len(found.shown)} settlements fitted",
            "",
        ],
    ]  # fmt: skip


def _rank(days: iv.IvDays) -> str:
    """Return the percentile of the newest close, which is not the one of the chain that is shown."""
    if not len(days) or not np.isfinite(days.iv_percentile[-1]):
        return "no percentile yet"
    level, percentile = float(days.current_iv[-1]), float(days.iv_percentile[-1])
    close = f"{formats.percent(level, 1)} at the close of {formats.calendar_day(days.date[-1].item())}"
    return f"{close}: percentile {formats.percent(percentile, 0)}, n = {int(days.data_points[-1])}"


def _event(found: SlotSmiles, at: int, late: list[str]) -> list[Value]:
    event = found.term.event
    if event.reason is not None:
        reason = EVENT_REASONS[event.reason]
        if event.reason == NO_EVENT and late:
            reason = f"{late[0]} was entered after this chain; the next chain measures its move"
        return ["Implied event move", formats.ABSENT, reason, ""]
    move = float(event.event_volatility)
    detail = f"ex-event IV {formats.percent(known(found.term.ex_event[at]), 1)}"
    if np.isfinite(found.slot.spot):
        detail = f"±{formats.number(move * float(found.slot.spot), 1)} points, {detail}"
    return ["Implied event move", f"±{formats.percent(move, 2)}", detail, ""]


def _watch(symbol: str, at_ms: int) -> list[dict[str, Value]]:
    ramp, vix = read_ramp(symbol, at_ms), read_vix_term(at_ms)
    following, crushes = read_events(symbol, at_ms)

    def item(name: str, word: str, needs_attention: bool, *texts: str) -> dict[str, Value]:
        text = ". ".join(part for part in texts if part)
        return {"name": name, "word": word, "attention": needs_attention, "text": text}

    ahead = "No event is known." if following is None else f"Next: {following.text}, {following.when}"
    return [
        item(
            "Ramp before events",
            ramp.word,
            is_news(ramp),
            ramp.text,
            ramp.message,
            ramp.recommendation,
            ahead,
        ),
        *(item(f"After {one.event}", one.word, False, one.text) for one in crushes),
        item("VIX and VIX3M", vix.word, bool(vix.message), vix.text, vix.message, vix.recommendation),
    ]
