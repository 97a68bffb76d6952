"""Gamma and open interest by strike of one slot, and their changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from quant.gamma.conventions import dealer_gamma
from quant.gamma.exposure import exposure_by_strike
from quant.thresholds import LEVEL_BAND
from warehouse import asof
from warehouse.asof import gamma, gamma_snapshots
from warehouse.asof.gamma_snapshots import StoredSnapshot
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Level, Value, as_number
from web.charts.documents.session_times import last_sessions
from web.charts.documents.slot_chain import BUCKETS, ChainGone, bucket_label, slot_chain
from web.charts.documents.slots import REACH_MS, chain_state, no_chain, shown_snapshot

_DOLLARS = "$ per 1 % move"
COLUMNS = (
    Column("strike", "Strike"),
    Column("call", "Call part", _DOLLARS),
    Column("put", "Put part", _DOLLARS),
    Column("net", "Net", _DOLLARS),
    Column("change", "Change of net", _DOLLARS),
    Column("call_interest", "Open interest of calls", "contracts"),
    Column("put_interest", "Open interest of puts", "contracts"),
    Column("call_interest_change", "Change of calls", "contracts"),
    Column("put_interest_change", "Change of puts", "contracts"),
)
# Strikes of a picture: those within 3 % of spot, but at least 25 and at most 61, and those up to walls near them.
SHOWN_WITHIN = 0.03
FEWEST_STRIKES, MOST_STRIKES = 25, 61


@dataclass(frozen=True, slots=True)
class ByStrike:
    """Call and put gamma ($ per 1 % move) and open interest (contracts) by strike."""

    gamma: Mapping[float, tuple[float, float]]
    interest: Mapping[float, tuple[float, float]]


def gamma_document(
    symbol: str, at_ms: int, slot_ms: int | None = None, bucket: str = "all", all_strikes: bool = False
) -> ChartDocument:
    """Return gamma and open interest by strike of the newest slot up to `slot_ms`, ascending by strike.

    Gamma is in $ per 1 % move, calls positive and puts negative (the naive convention), open interest in contracts;
    `change` is against the previous snapshot, changes of open interest are against the last snapshot of the session
    before. They are None where there is none, and open interest is None where the provider sent none. Without
    `all_strikes` the rows are the strikes around spot. `bucket` is a key of `BUCKETS`; `parts` has `buckets` (name,
    label, net gamma and its text), `spot`, and `previous` and `session_before`, the texts of the times that changes
    are against.
    Raises UnknownChoice for an unknown bucket.
    """
    label = bucket_label(bucket)
    document = ChartDocument(
        "gamma", symbol, "Gamma by strike", f"{_expirations(bucket, label)}, calls +, puts −, {_DOLLARS}",
        "", "EMPTY", "NO DATA", None, COLUMNS,
    )  # fmt: skip
    with asof.at(at_ms):
        snapshot = shown_snapshot(symbol, slot_ms, at_ms)
        if snapshot is None:
            return replace(document, sentence=no_chain(symbol).reason, empty=no_chain(symbol))
        state = chain_state(snapshot, slot_ms, at_ms)
        before = gamma_snapshots.newest(symbol, snapshot.timestamp - REACH_MS, snapshot.timestamp - 1)
        session = last_sessions(snapshot.timestamp, 1)[0]
        day_before = before
        if before is not None and before.timestamp >= session.open_ms:
            day_before = gamma_snapshots.newest(symbol, session.open_ms - REACH_MS, session.open_ms - 1)
        nets = bucket_nets(symbol, snapshot)
        document = replace(document, state=state.word, state_text=state.text, slot_ms=snapshot.timestamp)
        document = replace(document, parts={"bucket": bucket, "buckets": nets})
        notes: list[str] = []
        try:
            now = by_strike(symbol, snapshot, bucket)
        except ChainGone as error:
            reason = f"Gamma of {label} is not available: {error}."
            return replace(document, sentence=reason, empty=Empty(reason))
        past, interest_before = _or_none(symbol, before, bucket), _or_none(symbol, day_before, bucket)
    if before is None:
        notes.append("No earlier snapshot is stored, so the change of gamma is not known.")
    if interest_before is None or not interest_before.interest:
        notes.append("No open interest of the session before is stored, so its change is not known.")
    if not now.interest:
        notes.append("The provider sent no open interest; gamma is weighted by volume.")
    if not now.gamma or snapshot.underlying_price is None:
        reason = f"No contract of {label} has gamma and open interest in this chain."
        return replace(document, sentence=reason, empty=Empty(reason), notes=notes)
    levels = levels_of(snapshot)
    strikes = sorted(now.gamma) if all_strikes else _around_spot(now, snapshot.underlying_price, levels)
    rows = [_row(strike, now, past, interest_before) for strike in strikes]
    return replace(
        document,
        sentence=_sentence(now, snapshot, bucket, label),
        rows=rows,
        cells=[_cells(row) for row in rows],
        levels=levels,
        notes=notes,
        parts={
            **document.parts,
            "previous": None if before is None else _when(before, session.open_ms),
            "session_before": None if day_before is None else formats.day(day_before.timestamp),
            "spot": snapshot.underlying_price,
        },
    )


def bucket_nets(symbol: str, snapshot: StoredSnapshot) -> list[dict[str, Value]]:
    """Return name, label, net gamma ($ per 1 % move, None without contracts) and its text for each bucket."""
    found = gamma.expirations(symbol, snapshot.timestamp, snapshot.timestamp)
    nets = []
    for name, (label, first, last) in BUCKETS.items():
        member = (found.dte >= first) & (found.dte <= last) & np.isfinite(found.net_gamma)
        net = float(found.net_gamma[member].sum()) if member.any() else None
        net = snapshot.total_gamma if name == "all" else net
        nets.append({"name": name, "label": label, "net": net, "text": formats.money(net, sign=True)})
    return nets


def by_strike(symbol: str, snapshot: StoredSnapshot, bucket: str) -> ByStrike:
    """Return the strikes of a bucket within 20 % of spot. Raises ChainGone, except for all expirations."""
    if bucket == "all":
        parts = {
            float(k): (v.get("call", 0.0), v.get("put", 0.0)) for k, v in snapshot.gamma_by_strike.items()
        }
        held = {float(k): (v.get("call", 0.0), v.get("put", 0.0)) for k, v in snapshot.oi_by_strike.items()}
    else:
        whole = slot_chain(symbol, snapshot)
        chosen = whole.chain.select(whole.of_bucket(bucket))
        found = exposure_by_strike(chosen, dealer_gamma(chosen))
        columns = [column.tolist() for column in found]
        parts = {k: (call, put) for k, call, put, *_ in zip(*columns, strict=True)}
        held = {k: (call, put) for k, *_, call, put in zip(*columns, strict=True)}
        held = held if snapshot.oi_by_strike else {}
    spot = snapshot.underlying_price or np.nan
    near = [k for k in parts if abs(k - spot) <= LEVEL_BAND * spot and any(parts[k])]
    return ByStrike(
        {k: parts[k] for k in near}, {k: v for k, v in held.items() if abs(k - spot) <= LEVEL_BAND * spot}
    )


def levels_of(snapshot: StoredSnapshot) -> list[Level]:
    """Return spot, walls and all flips of a snapshot, in dollars or index points."""
    named: list[tuple[str, str, float | None]] = [
        ("spot", "Spot", snapshot.underlying_price),
        ("wall", "Wall above", snapshot.gamma_wall_resistance),
        ("wall", "Wall below", snapshot.gamma_wall_support),
        *(("flip", "Flip", flip) for flip in snapshot.flip_points),
    ]
    return [
        Level(kind, name, value, formats.price(value) if kind != "wall" else formats.strike(value))
        for kind, name, value in named
        if value is not None
    ]


def _expirations(bucket: str, label: str) -> str:
    return "all expirations" if bucket == "all" else f"expirations of {label}"


def _or_none(symbol: str, snapshot: StoredSnapshot | None, bucket: str) -> ByStrike | None:
    try:
        return None if snapshot is None else by_strike(symbol, snapshot, bucket)
    except ChainGone:
        return None


def _when(snapshot: StoredSnapshot, open_ms: int) -> str:
    if snapshot.timestamp >= open_ms:
        return formats.time_of_day(snapshot.timestamp)
    return formats.moment(snapshot.timestamp)[:-3]


def _around_spot(now: ByStrike, spot: float, levels: list[Level]) -> list[float]:
    """Return the strikes nearest to spot, and those to the nearest wall of each side if it is not far outside."""
    strikes = np.array(sorted(now.gamma))
    away = np.sort(np.abs(strikes - spot))
    fewest, most = (away[min(count, len(away)) - 1] for count in (FEWEST_STRIKES, MOST_STRIKES))
    half = min(most, max(fewest, SHOWN_WITHIN * spot))
    low, high = spot - half, spot + half
    reach = 0.5 * (high - low)
    walls = [level.value for level in levels if level.kind == "wall"]
    low = min([low, *(wall for wall in walls if wall >= low - reach)])
    high = max([high, *(wall for wall in walls if wall <= high + reach)])
    shown: list[float] = strikes[(strikes >= low) & (strikes <= high)].tolist()
    return shown


def _row(strike: float, now: ByStrike, past: ByStrike | None, interest: ByStrike | None) -> list[Value]:
    call, put = now.gamma[strike]
    earlier = None if past is None else sum(past.gamma.get(strike, (0.0, 0.0)))
    held = now.interest.get(strike) if now.interest else None
    held_before = (
        interest.interest.get(strike, (0.0, 0.0)) if interest is not None and interest.interest else None
    )
    changes: tuple[float | None, float | None] = (None, None)
    if held is not None and held_before is not None:
        changes = held[0] - held_before[0], held[1] - held_before[1]
    change = None if earlier is None else call + put - earlier
    return [strike, call, put, call + put, change, *(held or (None, None)), *changes]


def _cells(row: list[Value]) -> list[str]:
    strike, *dollars = row[:5]
    contracts = row[5:]
    return [
        formats.strike(as_number(strike)),
        *(formats.money(as_number(value), sign=True) for value in dollars),
        *(formats.number(as_number(value)) for value in contracts[:2]),
        *(formats.number(as_number(value), sign=True) for value in contracts[2:]),
    ]


def _sentence(now: ByStrike, snapshot: StoredSnapshot, bucket: str, label: str) -> str:
    nets = {strike: call + put for strike, (call, put) in now.gamma.items()}
    total = snapshot.total_gamma if bucket == "all" else sum(nets.values())
    largest = sorted(nets, key=lambda strike: -abs(nets[strike]))[:2]
    named = [f"{formats.strike(strike)} ({formats.money(nets[strike], sign=True)})" for strike in largest]
    of = "" if bucket == "all" else f" of {label}"
    text = f"Net{of} {formats.money(total, sign=True)}. Largest strike {', then '.join(named)}."
    spot = snapshot.underlying_price
    flips = sorted(snapshot.flip_points, key=lambda flip: abs(flip - (spot or 0.0)))
    if bucket == "all":
        text += f" Nearest flip {formats.price(flips[0])}." if flips else " No flip within 20 % of spot."
    return text
