"""Columns of the context engines in the record of features: gamma, flow, volatility, regime and timeframes.

Shapes, units and missing values as in `signals.features.record`. Gamma is in dollars per 1 % move of spot. Every
`known_at_ms` is when the row, or for flow the newest sum, was known, and every `as_of_ms` what instant the values are
about: the close of the session of a daily row, or the end of the newest interval of flow that is in the sums. Both are
epoch ms, NaN without a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from quant.chain import Floats
from signals.features.mirroring import Mirror, Price, Signed
from warehouse.asof.rows import Texts, Times

FRAMES = ("1w", "1d", "4h", "1h", "15m", "5m")


@dataclass(frozen=True, slots=True)
class GammaColumns:
    """The newest gamma snapshot at each bar: slot before the bar's end, known at its evaluation instant.

    `ratio` is net over gross. `is_fresh` is 1 where the slot is at most 30 minutes old and of the same session, 0 where
    it is older, NaN without a snapshot. `agree` is 1 where naive, volume-weighted and own gamma have one sign.
    `measured` is the share of open interest with a usable gamma. The three `_roots` have shape (n, k), NaN beyond the
    roots that exist, and one infinite root where a profile has none. The pin is the strike with the largest open
    interest times gamma of the contracts that settle at the close today: `pin_oi` contracts, `pin_share` of the sum
    over strikes. `settles_today` is 1 where contracts of the symbol settle in the session.
    """

    slot_ms: Floats
    known_at_ms: Floats
    age_minutes: Floats
    is_fresh: Floats
    measured: Floats
    ratio: Floats
    positioning: Texts
    strength: Texts
    behavior: Texts
    agree: Floats
    max_gamma_strike: Price
    resistance: Annotated[Floats, Mirror("negative", "support")]
    support: Annotated[Floats, Mirror("negative", "resistance")]
    call_wall: Annotated[Floats, Mirror("negative", "put_wall")]
    put_wall: Annotated[Floats, Mirror("negative", "call_wall")]
    naive_roots: Price
    volume_roots: Price
    own_roots: Price
    settles_today: Floats
    pin_strike: Price
    pin_oi: Floats
    pin_share: Floats


@dataclass(frozen=True, slots=True)
class FlowWindow:
    """Sums of the trades of one window that ends with each bar; premiums in dollars, volumes in contracts.

    `sided_premium` is that of trades with a known side, `big_premium` that of sweeps, blocks and large trades. A sweep
    counts once; `bullish_sweeps` and `bearish_sweeps` have the direction of the larger part of their premium.
    `baseline` is the mean put/call ratio of the window at the same time of 20 sessions, NaN without. `is_short` is 1
    where the window would reach before the session's open.
    """

    trades: Floats
    premium: Floats
    call_volume: Annotated[Floats, Mirror("same", "put_volume")]
    put_volume: Annotated[Floats, Mirror("same", "call_volume")]
    bullish_premium: Annotated[Floats, Mirror("same", "bearish_premium")]
    bearish_premium: Annotated[Floats, Mirror("same", "bullish_premium")]
    sided_premium: Floats
    big_premium: Floats
    aggressive_premium: Floats
    sweeps: Floats
    bullish_sweeps: Annotated[Floats, Mirror("same", "bearish_sweeps")]
    bearish_sweeps: Annotated[Floats, Mirror("same", "bullish_sweeps")]
    call_sweeps: Annotated[Floats, Mirror("same", "put_sweeps")]
    put_sweeps: Annotated[Floats, Mirror("same", "call_sweeps")]
    baseline: Floats
    is_short: Floats


@dataclass(frozen=True, slots=True)
class FlowColumns:
    """Option flow of 1, 4 and 24 hours, and the sweeps of the last 30 minutes.

    `silent_minutes` is how long the stream had not been received at the evaluation instant: 0 while it is received, NaN
    without any trade of the symbol. `sweep_coverage` is the share of sweep premium with a known side, `usual_bullish`
    the median premium of bullish sweeps in the same half hour of 20 sessions, `usual_bearish` that of bearish ones, and
    `aggressive_share` the share of aggressive premium in the premium of all trades of the half hour.
    """

    short: FlowWindow
    medium: FlowWindow
    long: FlowWindow
    as_of_ms: Floats
    known_at_ms: Floats
    silent_minutes: Floats
    sweeps: Floats
    bullish_sweeps: Annotated[Floats, Mirror("same", "bearish_sweeps")]
    bearish_sweeps: Annotated[Floats, Mirror("same", "bullish_sweeps")]
    bullish_sweep_premium: Annotated[Floats, Mirror("same", "bearish_sweep_premium")]
    bearish_sweep_premium: Annotated[Floats, Mirror("same", "bullish_sweep_premium")]
    usual_bullish: Annotated[Floats, Mirror("same", "usual_bearish")]
    usual_bearish: Annotated[Floats, Mirror("same", "usual_bullish")]
    sweep_coverage: Floats
    aggressive_share: Floats
    opening_share: Floats


@dataclass(frozen=True, slots=True)
class IvColumns:
    """Implied volatility by the daily row, and the next event. Volatilities are fractions per year.

    `age_sessions` is 0 for the row of the last finished session. `front_iv` is the at-the-money volatility of the
    nearest expiration after the event, `front_mean` its mean at the last slot of the last 21 sessions, `ex_event_iv`
    the same without the event. `event_timing` is that of a confirmed event before the close of the next session, ''
    without one. `event_expirations` is 1 where there are expirations on both sides of the event or two after it.
    `days_to_event` is in calendar days. `ramp` is announced, dark_horse or none.
    """

    as_of_ms: Floats
    known_at_ms: Floats
    age_sessions: Floats
    data_points: Floats
    rank: Floats
    percentile: Floats
    iv_regime: Texts
    recommendation: Texts
    trend: Texts
    ramp: Texts
    expected_move: Floats
    variance_premium: Floats
    front_iv: Floats
    front_mean: Floats
    ex_event_iv: Floats
    front_kink_points: Floats
    event_timing: Texts
    event_expirations: Floats
    days_to_event: Floats


@dataclass(frozen=True, slots=True)
class RegimeColumns:
    """Market regime of the last finished session known at each bar; `age_sessions` 0 if that is the last one.

    `confidence` is 0 to 100, `vix` index points. `term_label` is FEAR, NORMAL or COMPLACENCY by VIX and VIX3M.
    """

    as_of_ms: Floats
    known_at_ms: Floats
    age_sessions: Floats
    market_regime: Texts
    confidence: Floats
    vix: Floats
    term_label: Texts


@dataclass(frozen=True, slots=True)
class FrameColumns:
    """Votes of the timeframes: `votes` has shape (n, 6) in the order of `FRAMES`, from -2 to 2, NaN if absent."""

    known_at: Times
    votes: Signed
