"""What a backtest tests: symbols, detectors, sessions, and the rules of trading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings

from quant.market.outcome_kinds import Costs
from quant.score_thresholds import BOOST_RULES
from quant.sessions import new_york_date
from signals.anchors import EARLIEST
from signals.context.boost import Profile
from signals.detectors.registry import BY_NAME, DETECTORS
from signals.features.record import BarLength
from signals.rules.detector import Detector
from signals.scan.configured import WeightHistory
from signals.weights import weights_of
from warehouse.market_days import MarketDays

COSTS = {"default": Costs(), "none": Costs(0.0, 0.0), "double": Costs(0.0002, 0.0)}
CHANCE_ENTRIES = 200  # random entries for each firing
MOST_DAYS = 36_500  # before the last closed session
MOST_SEED = 2**31 - 1
SETTLED = dt.timedelta(hours=1)  # after the close, when the bars of a session are stored


@dataclass(frozen=True, slots=True)
class Request:
    """A backtest of detectors on the sessions from `first` to `last`, both included.

    `minimum` is the least score of a signal, 0 to 100. With `wall_exit` a trade is left before the wall ahead of it;
    with `one_at_a_time` no firing of a detector counts while a signal of it lives. `shuffled` tests a market whose bars
    have a random order, in which no detector can have an edge. Each firing is compared with `chance_entries` random
    entries; `seed` starts all random numbers. With `priced` every outcome is also priced with an option, whose fills
    cross the share `spread_share` of half of the spread and cost `option_commission` dollars per contract. `patterns`
    are conditions of the pattern library by name, whose win rates are measured on bars of 15 minutes.
    """

    symbols: tuple[str, ...]
    detectors: tuple[str, ...]
    first: dt.date
    last: dt.date
    timeframe: BarLength = "15m"
    profile: Profile = "default"
    minimum: float = BOOST_RULES.minimum_score
    slippage: float = Costs().slippage
    commission: float = Costs().commission
    wall_exit: bool = False
    one_at_a_time: bool = True
    shuffled: bool = False
    all_exits: bool = False
    weights: Mapping[str, Any] = field(default_factory=dict)
    chance_entries: int = CHANCE_ENTRIES
    seed: int = 1
    until_ms: int | None = None
    priced: bool = False
    spread_share: float = 1.0
    option_commission: float = 0.65
    patterns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def costs(self) -> Costs:
        return Costs(self.slippage, self.commission)

    @property
    def weight_history(self) -> WeightHistory:
        """The weights of the request, for all times."""
        return WeightHistory(((0, weights_of(self.weights)),))

    @property
    def rules(self) -> list[Detector]:
        """The detectors in the order of their numbers."""
        return [
            one for one in DETECTORS if one.name in self.detectors and self.timeframe in one.rule.timeframes
        ]

    @property
    def is_as_live(self) -> bool:
        """Whether it trades as the scanner does with its present settings, and pays costs."""
        return (
            not (self.shuffled or self.wall_exit or self.all_exits or self.weights)
            and self.one_at_a_time
            and self.slippage > 0
            and self.profile == settings.SIGNAL_PROFILE
            and self.minimum == settings.SIGNAL_MINIMUM_SCORE
        )

    @property
    def has_all_detectors(self) -> bool:
        """Whether it tests every detector of its timeframe."""
        return len(self.rules) == sum(self.timeframe in one.rule.timeframes for one in DETECTORS)

    def sessions(self, days: MarketDays) -> list[dt.date]:
        """Return the tested sessions among those that take place."""
        return days.sessions(self.first, self.last)

    def as_json(self) -> dict[str, Any]:
        """Return the request as JSON has it."""
        return asdict(self) | {"first": self.first.isoformat(), "last": self.last.isoformat()}


def from_json(stored: Mapping[str, Any]) -> Request:
    """Return the request that `as_json` stored."""
    return Request(**values_of(stored))


def values_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a stored request of a backtest or an optimisation: dates, and tuples for lists."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return values | {name: dt.date.fromisoformat(stored[name]) for name in ("first", "last")}


def checked(request: Request, watched: Iterable[str], days: MarketDays, now: dt.datetime) -> Request:
    """Return a request that can be run, with the detectors of its timeframe.

    Raises ValueError in one sentence for an unknown detector, a symbol that is not watched, an empty range of sessions,
    a range that begins before the history of features can, one that has not ended at `now`, and a number that is
    outside of its limits.
    """
    unknown = [name for name in request.detectors if name not in BY_NAME]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no detector; there are {', '.join(BY_NAME)}.")
    known = set(watched)
    missing = [symbol for symbol in request.symbols if symbol not in known]
    if missing or not request.symbols:
        name = missing[0] if missing else "No symbol"
        raise ValueError(f"{name} is not watched: add it to the watchlist, and backfill its bars.")
    if request.first > request.last:
        raise ValueError(f"The range ends on {request.last}, before it begins on {request.first}.")
    if request.first < EARLIEST:
        raise ValueError(f"The range begins on {request.first}: it can begin on {EARLIEST} at the earliest.")
    tested = request.sessions(days)
    if not tested:
        raise ValueError(f"There is no session between {request.first} and {request.last}.")
    if tested[-1] > last_closed(days, now):
        raise ValueError(f"The session of {tested[-1]} has not ended: end the range earlier.")
    if not 0 <= request.minimum <= 100:
        raise ValueError(f"The least score is {request.minimum:g}: give 0 to 100.")
    _check_costs(request)
    if not 1 <= request.chance_entries <= 1000:
        raise ValueError(f"{request.chance_entries} random entries: give 1 to 1,000.")
    if not 0 <= request.seed <= MOST_SEED:
        raise ValueError(f"The seed must be 0 to {MOST_SEED:,}.")
    return request


def _check_costs(request: Request) -> None:
    if not (0 <= request.slippage < 0.1 and 0 <= request.commission < 0.1):
        raise ValueError("Slippage and commission are fractions of the price: give 0 to less than 0.1.")
    if not (0 <= request.spread_share <= 1 and 0 <= request.option_commission < 100):
        raise ValueError(
            "A fill of an option crosses 0 to 1 of half of the spread, and costs 0 to 100 dollars."
        )
    if request.priced and request.shuffled:
        raise ValueError("Options have no prices in a market whose bars have a random order.")


def last_closed(days: MarketDays, now: dt.datetime) -> dt.date:
    """Return the last session that ended at least an hour before `now`."""
    today = new_york_date(now)
    found = days.hours(today)
    return today if found is not None and found.closes + SETTLED <= now else days.before(today, 1)
