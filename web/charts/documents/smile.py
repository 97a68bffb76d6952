"""Implied volatility by strike of some expirations of one slot, out of the money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from quant import sessions
from quant.chain import Floats
from quant.contracts import is_adjusted_ticker, parse_tickers
from warehouse import asof, clock
from warehouse.asof import chain, expiration_curve
from warehouse.asof.chain import ChainVolatility
from warehouse.asof.rows import Texts
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Level, Value, as_number, known
from web.charts.documents.slots import chain_state, no_chain, shown_snapshot

_STRIKE = "C00001000"  # makes a ticker of an expiration
_DAYS = (7, 30, 90)  # of the expirations that are chosen first
_FARTHEST = 0.15  # strikes are shown within this fraction of the forward
_LEAST_DELTA = 0.005
_WING = 0.25
MOST_EXPIRATIONS = 3
COLUMNS = (
    Column("expiration", "Expiration", is_text=True),
    Column("strike", "Strike"),
    Column("iv", "Implied volatility", "fraction per year"),
    Column("side", "Side", is_text=True),
    Column("delta", "Delta"),
)


@dataclass(frozen=True, slots=True)
class Smile:
    """One expiration: strikes ascending with volatility (fraction), delta and side, all of shape (k,)."""

    name: str
    label: str
    forward: float
    strike: Floats
    volatility: Floats
    delta: Floats
    is_call: Sequence[bool]

    @property
    def at_the_money(self) -> float | None:
        """Volatility at the forward, between neighbouring strikes by a straight line; None without strikes."""
        return float(np.interp(self.forward, self.strike, self.volatility)) if len(self.strike) else None

    @property
    def skew(self) -> float | None:
        """Volatility of the put nearest to delta -0.25 less that of the call nearest to 0.25, None without one."""
        wings = []
        for is_call in (False, True):
            side = np.flatnonzero((np.asarray(self.is_call) == is_call) & np.isfinite(self.delta))
            if not len(side):
                return None
            wings.append(self.volatility[side[np.argmin(np.abs(np.abs(self.delta[side]) - _WING))]])
        return float(wings[0] - wings[1])


def smile_document(
    symbol: str, at_ms: int, slot_ms: int | None = None, expirations: Sequence[str] = ()
) -> ChartDocument:
    """Return the volatility by strike of up to three `expirations` of the newest slot up to `slot_ms`.

    Expirations are named as in contract tickers, SPXW261218; without any, those nearest to 7, 30 and 90 days are
    chosen. Each strike has the volatility of its side out of the money by the forward, a fraction per year. `parts` has
    `expirations`, all of the chain with `name`, `label` and `days`, and `chosen`, those shown with `forward` and `atm`.
    Unknown expirations are left out.
    """
    document = ChartDocument(
        "smile", symbol, "Smile", "out of the money", "", "EMPTY", "NO DATA", None, COLUMNS
    )
    with asof.at(at_ms):
        snapshot = shown_snapshot(symbol, slot_ms, at_ms)
        if snapshot is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(snapshot, slot_ms, at_ms)
        listed = _listed(chain.expirations(symbol, snapshot.timestamp), snapshot.timestamp)
        names = [name for name in expirations if name in listed][:MOST_EXPIRATIONS] or _usual(listed)
        found = chain.read_expirations(
            symbol, snapshot.timestamp, [f"O:{name}" for name in names], ChainVolatility
        )
        curve = expiration_curve.read(symbol, snapshot.timestamp)
    forwards = {
        f"{root}{day.item():%y%m%d}": forward
        for root, day, forward in zip(
            curve.root.tolist(), curve.expiration, curve.forward.tolist(), strict=True
        )
    }
    spot = snapshot.underlying_price
    smiles = [
        smile
        for name in names
        if (smile := _smile(name, found, forwards.get(name), spot)) is not None and len(smile.strike)
    ]
    document = replace(
        document,
        state=state.word,
        state_text=state.text,
        slot_ms=snapshot.timestamp,
        parts={"expirations": [{"name": name, **about} for name, about in listed.items()]},
    )
    if not smiles:
        reason = "No contract out of the money has an implied volatility in this chain."
        return replace(document, sentence=reason, empty=Empty(reason))
    rows: list[list[Value]] = [
        [smile.label, float(k), float(v), "call" if c else "put", known(float(d))]
        for smile in smiles
        for k, v, c, d in zip(smile.strike, smile.volatility, smile.is_call, smile.delta, strict=True)
    ]
    return replace(
        document,
        sentence=_sentence(smiles),
        rows=rows,
        cells=[
            [
                str(label), formats.strike(as_number(strike)), formats.percent(as_number(volatility), 1), str(side),
                formats.number(as_number(delta), 2, sign=True),
            ]
            for label, strike, volatility, side, delta in rows
        ],
        levels=[] if spot is None else [Level("spot", "Spot", spot, formats.price(spot))],
        parts={
            **document.parts,
            "chosen": [
                {"name": s.name, "label": s.label, "forward": s.forward, "atm": s.at_the_money} for s in smiles
            ],
        },
    )  # fmt: skip


def _listed(names: Texts, slot_ms: int) -> dict[str, dict[str, Value]]:
    """Return label and days to expiration of the standard expirations, by name without the O:, nearest first."""
    today = sessions.new_york_date(clock.instant(slot_ms))
    found: dict[str, dict[str, Value]] = {}
    tickers = [one for name in names.tolist() if not is_adjusted_ticker(one := f"{name}{_STRIKE}")]
    contracts = parse_tickers(tickers)
    for ticker, root, day in zip(
        tickers, contracts.root.tolist(), contracts.expiration.tolist(), strict=True
    ):
        name = ticker.removeprefix("O:").removesuffix(_STRIKE)
        found[name] = {"label": f"{day:%-d %b %Y} {root}", "days": (day - today).days}
    return dict(sorted(found.items(), key=lambda item: (int(item[1]["days"] or 0), item[0])))


def _usual(listed: dict[str, dict[str, Value]]) -> list[str]:
    chosen: list[str] = []
    for days in _DAYS:
        left = [name for name in listed if name not in chosen and int(listed[name]["days"] or 0) > 0]
        if left:
            chosen.append(min(left, key=lambda name: (abs(int(listed[name]["days"] or 0) - days), name)))
    return chosen or list(listed)[:1]


def _smile(name: str, found: ChainVolatility, forward: float | None, spot: float | None) -> Smile | None:
    middle = forward if forward is not None and np.isfinite(forward) else spot
    if middle is None:
        return None
    rows = np.strings.startswith(found.contract_ticker, f"O:{name}")
    terms = parse_tickers(found.contract_ticker[rows]) if rows.any() else None
    if terms is None:
        return None
    volatility, delta = found.implied_volatility[rows], found.delta[rows]
    outside = np.where(terms.is_call, terms.strike >= middle, terms.strike < middle)
    shown = outside & (volatility > 0) & (np.abs(terms.strike - middle) <= _FARTHEST * middle)
    shown &= ~(np.abs(delta) < _LEAST_DELTA)
    order = np.flatnonzero(shown)[np.argsort(terms.strike[shown], kind="stable")]
    day = terms.expiration[0].item()
    return Smile(
        name, f"{day:%-d %b %Y}", float(middle), terms.strike[order], volatility[order], delta[order],
        terms.is_call[order].tolist(),
    )  # fmt: skip


def _sentence(smiles: Sequence[Smile]) -> str:
    text = "At the money " + ", ".join(f"{s.label} {formats.percent(s.at_the_money, 1)}" for s in smiles)
    middle = smiles[min(1, len(smiles) - 1)]
    if middle.skew is not None:
        text += f"; 25-delta put over call {formats.number(middle.skew * 100, 1, sign=True)} pt for {middle.label}"
    return text + "."
