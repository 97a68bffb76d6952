"""Quotes of one expiration as volatilities, with the SVI curve and the cubic that were fitted to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant.chain import DAYS_PER_YEAR, Floats
from warehouse import asof
from web import formats
from web.charts.documents.document import ChartDocument, Column, Level, Value, as_number, known, knowns
from web.charts.documents.slots import chain_state, no_chain
from web.charts.documents.volatility.slot_smiles import REASONS, SlotSmiles, slot_smiles

_USUAL_DAYS = 30  # of the expiration that is shown first
_CURVE_POINTS = 121
_PICTURE = (-5.0, 4.0)  # in standard deviations from the forward
COLUMNS = (
    Column("strike", "Strike", "$ or index points"),
    Column("side", "Side", is_text=True),
    Column("iv", "Mid", "fraction per year"),
    Column("low", "At the bid", "fraction per year"),
    Column("high", "At the ask", "fraction per year"),
    Column("svi", "SVI", "fraction per year"),
    Column("cubic", "Cubic", "fraction per year"),
    Column("inside", "SVI within bid and ask", is_text=True),
)


def fit_document(
    symbol: str, at_ms: int, slot_ms: int | None = None, expiration: str | None = None
) -> ChartDocument:
    """Return the quotes of an expiration of the newest chain up to `slot_ms`, ascending in strike, with both curves.

    `expiration` is named as in contract tickers, SPXW261218; without it, or for an unknown one, that with a smile
    nearest to 30 days is shown. Volatilities are fractions per year; those at bid and ask are the mid's less and plus
    half the spread divided by vega. `parts` has `expirations`, all with `name` and `label`, `chosen`, and `curve`, rows
    of strike, SVI and cubic in the range of strikes `picture`, which has the quotes within five standard deviations
    below the forward and four above it. A refused smile is drawn, and the sentence says why it is
    not used.
    """
    document = ChartDocument(
        "fit", symbol, "Smile and fits", "bid to ask, SVI and cubic", "", "EMPTY", "NO DATA", None, COLUMNS
    )
    with asof.at(at_ms):
        found = slot_smiles(symbol, slot_ms, at_ms)
        if found is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(found.slot, slot_ms, at_ms)
    row = _chosen(found, expiration)
    names, labels = found.names, found.labels
    document = replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=found.slot.timestamp,
        parts={
            "expirations": [{"name": names[n], "label": labels[n]} for n in found.shown],
            "chosen": None if row is None else names[row],
            "curve": [],
        },
    )
    if row is None or not found.smiles.quotes.number[row]:
        reason = "No expiration of this chain has quotes that a smile can be fitted to."
        if row is not None:
            reason = f"{labels[row]}: {REASONS.get(str(found.smiles.status[row]), 'no quotes')}."
        return replace(document, sentence=reason, empty=replace(no_chain(symbol), reason=reason))
    quotes, number = found.smiles.quotes, int(found.smiles.quotes.number[row])
    strike, middle, half = (
        column[row, :number] for column in (quotes.strike, quotes.volatility, quotes.half_spread)
    )
    svi, cubic = _curves(found, row, quotes.k[row, :number])
    low, high = _picture(found, row)
    k = np.linspace(low, high, _CURVE_POINTS)
    along = np.stack([float(quotes.forward[row]) * np.exp(k), *_curves(found, row, k)], axis=1)
    beyond = int(np.count_nonzero((quotes.k[row, :number] < low) | (quotes.k[row, :number] > high)))
    rows: list[list[Value]] = [
        [
            strike[n], "call" if quotes.is_call[row, n] else "put", middle[n], middle[n] - half[n], middle[n] + half[n],
            known(svi[n]), known(cubic[n]), _inside(svi[n] - middle[n], half[n]),
        ]
        for n in range(number)
    ]  # fmt: skip
    spot, forward = found.slot.spot, float(quotes.forward[row])
    levels = [Level("forward", "Forward", forward, formats.price(forward))]
    if np.isfinite(spot):
        levels.insert(0, Level("spot", "Spot", float(spot), formats.price(float(spot))))
    return replace(
        document,
        sentence=_sentence(found, row),
        rows=rows,
        cells=[
            [
                formats.strike(as_number(one[0])), str(one[1]),
                *(formats.percent(as_number(value), 2) for value in one[2:7]), str(one[7]),
            ]
            for one in rows
        ],
        levels=levels,
        notes=[f"In the numbers only: {formats.counted(beyond, 'strike')} farther out."] if beyond else [],
        parts=document.parts
        | {"curve": [knowns(point) for point in along], "picture": [float(along[0, 0]), float(along[-1, 0])]},
    )  # fmt: skip


def _chosen(found: SlotSmiles, name: str | None) -> int | None:
    if name in found.names:
        return found.names.index(name)
    smiles, shown = found.smiles, np.array(found.shown, np.intp)
    fitted = shown[smiles.is_fitted[shown]]
    if not len(fitted):
        fitted = shown
    if not len(fitted):
        return None
    days = smiles.quotes.years[fitted] * DAYS_PER_YEAR
    return int(fitted[np.argmin(np.abs(days - _USUAL_DAYS))])


def _picture(found: SlotSmiles, row: int) -> tuple[float, float]:
    """Return the log-moneyness of the first and the last strike of the picture."""
    smiles = found.smiles
    quotes, level = smiles.quotes, float(smiles.at_the_money[row])
    first, last = float(quotes.lowest[row]), float(quotes.highest[row])
    if not level > 0:
        return first, last
    low, high = (reach * level * float(np.sqrt(quotes.years[row])) for reach in _PICTURE)
    return max(first, min(low, last)), min(last, max(high, first))


@np.errstate(invalid="ignore")
def _curves(found: SlotSmiles, row: int, k: Floats) -> tuple[Floats, Floats]:
    """Return the volatility of both curves of a settlement at log-moneyness `k`, shape (n,)."""
    smiles, years = found.smiles, found.smiles.quotes.years[row]
    every = np.broadcast_to(k, (len(smiles.status), len(k)))
    svi, cubic = (np.sqrt(curve.total_variance(every)[row] / years) for curve in (smiles.svi, smiles.cubic))
    return svi, cubic


def _inside(error: float, half_spread: float) -> str:
    if not np.isfinite(error):
        return formats.ABSENT
    return "yes" if abs(error) <= half_spread else "no"


def _sentence(found: SlotSmiles, row: int) -> str:
    smiles = found.smiles
    days = formats.number(float(smiles.quotes.years[row]) * DAYS_PER_YEAR, 1)
    text = f"{found.labels[row]}, {days} days, forward {formats.price(float(smiles.quotes.forward[row]))}."
    if np.isfinite(smiles.rmse[row]):
        text += (
            f" SVI within bid and ask at {formats.percent(float(smiles.inside[row]), 0)} of"
            f" {formats.counted(int(smiles.quotes.number[row]), 'strike')};"
            f" RMSE {formats.points(float(smiles.rmse[row]), 3)},"
            f" cubic {formats.points(known(float(smiles.cubic_rmse[row])), 3)}."
        )
    if not smiles.is_fitted[row]:
        text += f" Not used: {REASONS[str(smiles.status[row])]}."
    return text
