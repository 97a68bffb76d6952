"""Random entries beside each firing: what its stop, targets and exits are worth without a signal.

For a firing, sessions of the tested range are drawn at random, each session with a bar in the same slot being equally
likely. There a trade of the same direction is entered, with the stop and the targets at the same multiples of that
bar's average range, the same exits and the same costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from zlib import crc32

import numpy as np

from backtest.request import Request
from backtest.simulation.tested import PastSession, Slots
from quant.chain import Floats
from quant.market.outcome_kinds import TARGET_HIT
from quant.market.outcomes import Outcomes, Setups, outcomes
from quant.market.paths import Ints, PathBars
from signals.rules.rule import LONG
from signals.scan.found import FoundSignal

AT_ONCE = 20_000  # random entries simulated in one call


@dataclass(frozen=True, slots=True)
class Market:
    """The bars of all tested sessions in one line, b of them.

    `slots` holds their prices, shape (b,). `row` (sessions, slots) is the bar of a session's slot in which a signal may
    fire, -1 where there is none. `longest` and `entry_minute` are those of the paths.
    """

    bars: PathBars
    slots: Slots
    row: Ints
    longest: int | None
    entry_minute: int


@dataclass(frozen=True, slots=True)
class Chance:
    """Random entries of each firing in sum, shape (n,); NaN for a firing without any.

    `r` is the profit after costs per risk and `deviation` its standard deviation; `win_rate` and `hit_rate` are the
    shares that win and that reach the target.
    """

    r: Floats
    deviation: Floats
    win_rate: Floats
    hit_rate: Floats
    entries: Ints


def market_of(tested: Sequence[PastSession]) -> Market:
    """Return the market of sessions of one symbol. Raises ValueError without a session."""
    counts = [len(one.path.bars) for one in tested]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    bars = {
        each.name: np.concatenate([getattr(one.path.bars, each.name) for one in tested])
        for each in fields(PathBars)
        if each.name != "last"
    }
    last = np.concatenate([one.path.bars.last + start for one, start in zip(tested, first, strict=True)])
    slots = Slots(
        *(np.concatenate([getattr(one.slots, each.name) for one in tested]) for each in fields(Slots))
    )
    row = np.full((len(tested), max(counts)), -1)
    for place, (count, start) in enumerate(zip(counts, first, strict=True)):
        row[place, :count] = np.arange(start, start + count)
    path = tested[0].path
    if path.longest is not None:
        # The line of a session holds the bars after it. Only its first one is a bar in which a signal may fire.
        row = np.where(np.array(counts)[:, None] == path.longest + 1, row[:, :1], -1)
    row = np.where((row >= 0) & (slots.range > 0)[row], row, -1)
    return Market(PathBars(last=last, **bars), slots, row, path.longest, path.entry_minute)


def chance(
    market: Market, signals: Sequence[FoundSignal], slots: Sequence[int], ranges: Floats, request: Request
) -> Chance:
    """Return the means of the random entries of n firings.

    `slots` (n,) are their bars of the session, and `ranges` (n,) the average true ranges of those bars.
    """
    count = len(signals)
    r, deviation, win_rate, hit_rate = np.full((4, count), np.nan)
    found = Chance(r, deviation, win_rate, hit_rate, np.zeros(count, dtype=np.int64))
    step = max(1, AT_ONCE // request.chance_entries)
    for start in range(0, count, step):
        rows = range(start, min(start + step, count))
        drawn = [_drawn(market, signals[row], slots[row], request) for row in rows]
        owner = np.repeat(np.arange(len(rows)), [len(one) for one in drawn])
        if not len(owner):
            continue
        part = [signals[row] for row in rows]
        unit = ranges[rows.start : rows.stop]
        simulated = _simulated(market, part, unit, np.concatenate(drawn), owner, request)
        _add(found, rows, simulated, owner)
    return found


def _drawn(market: Market, signal: FoundSignal, slot: int, request: Request) -> Ints:
    """Return the bars of random sessions in which a trade is entered; the same ones for the same firing and seed."""
    usable = market.row[:, slot]
    usable = usable[usable >= 0]
    if not len(usable):
        return usable
    key = f"{signal.symbol} {signal.detector.name} {signal.direction} {signal.bar_end}"
    generator = np.random.default_rng([request.seed, crc32(key.encode())])
    return np.asarray(generator.choice(usable, request.chance_entries))


def _simulated(
    market: Market, signals: Sequence[FoundSignal], unit: Floats, bar: Ints, owner: Ints, request: Request
) -> Outcomes:
    """Return the outcomes of random entries in `bar`; `owner` is the firing of each, `unit` the range of a firing."""
    reference = np.array([one.reference for one in signals])
    side = np.array([float(one.direction) for one in signals])
    stop = (np.array([one.stop for one in signals]) - reference) / unit
    targets = (np.array([one.targets for one in signals]) - reference[:, None]) / unit[:, None]
    close, units = market.slots.close[bar], market.slots.range[bar]
    wall = np.where(side[owner] == LONG, market.slots.resistance[bar], market.slots.support[bar])
    setups = Setups(
        bar=bar,
        side=side[owner],
        reference=close,
        stop=close + stop[owner] * units,
        targets=close[:, None] + targets[owner] * units[:, None],
        wall=wall if request.wall_exit else np.full(len(bar), np.nan),
        needs_minutes=np.array([one.needs_minutes for one in signals])[owner],
    )
    return outcomes(
        market.bars,
        setups,
        longest=market.longest,
        entry_minute=market.entry_minute,
        costs=request.costs,
    )


def _add(found: Chance, rows: range, simulated: Outcomes, owner: Ints) -> None:
    part, measured = slice(rows.start, rows.stop), ~np.isnan(simulated.r)
    entries = np.bincount(owner[measured], minlength=len(rows))
    for column, values in (
        (found.r, simulated.r),
        (found.deviation, simulated.r**2),
        (found.win_rate, simulated.pnl > 0),
        (found.hit_rate, simulated.end == TARGET_HIT),
    ):
        sums = np.bincount(owner[measured], values[measured].astype(float), minlength=len(rows))
        column[part] = np.where(entries > 0, sums / np.maximum(entries, 1), np.nan)
    found.deviation[part] = np.sqrt(np.maximum(found.deviation[part] - found.r[part] ** 2, 0.0))
    found.entries[part] = entries
