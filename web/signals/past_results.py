"""What the newest backtest found about the detector of a signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models.fields.json import KeyTransform

from backtest.report.counted import ending_of
from backtest.request import from_json
from warehouse.models import Backtest
from warehouse.models.enums import BacktestStatus
from web import formats
from web.backtests.detector_table import badge_of, in_r, rate_text

MOST = 50  # newest backtests that are looked at
_PATH = ("populations", "signals", "detectors")


@dataclass(frozen=True, slots=True)
class PastResult:
    """The outcomes of a detector in a backtest, in words.

    `is_proven` is whether its expectancy differs from that of random entries. `rate` is the win rate with its interval
    and the number of outcomes, `chance` that of random entries, '' without any.
    """

    backtest: int
    tested: str
    badge: str
    tone: str
    is_proven: bool
    rate: str
    chance: str
    expectancy: str


def past_result(detector: str, timeframe: str) -> PastResult | None:
    """Return the result of the newest finished backtest with at least 30 outcomes of a detector, None without one.

    Only backtests that trade as the scanner does count (`backtest.request.Request.is_as_live`).
    """
    wanted = {_PATH[0]: {_PATH[1]: {_PATH[2]: [{"detector": detector, "too_few": False}]}}}
    found = Backtest.objects.filter(
        status=BacktestStatus.DONE, timeframe=timeframe, result__contains=wanted
    ).order_by("-finished_at", "-id")
    for pk, request in found.values_list("pk", "request")[:MOST]:
        if from_json(request).is_as_live:
            return _result(pk, detector)
    return None


def _result(pk: int, detector: str) -> PastResult:
    path: Any = "result"
    for name in _PATH:
        path = KeyTransform(name, path)
    backtest = Backtest.objects.defer("result", "guards").annotate(found=path).get(pk=pk)
    numbers: Mapping[str, Any] = next(one for one in backtest.found if one["detector"] == detector)
    verdict = numbers["verdict"]
    badge, tone = badge_of(verdict["word"], is_grey=False)
    ending = ending_of(detector)
    if ending == "session":
        rate, chance, words = numbers["win_rate"], verdict["chance_win_rate"], "Win rate"
    else:
        rate, chance = numbers["target_hit_rate"], numbers["chance_hit_rate"]
        words = "Hit rate" if ending == "pin" else "Share whose volatility fell"
    difference = verdict["difference"]
    expectancy = ""
    if difference is not None:
        limits = [formats.number(difference[name], 2, sign=True) for name in ("lower", "upper")]
        expectancy = (
            f"Expectancy after costs {in_r(numbers['expectancy_r'])}; less that of random entries"
            f" {in_r(difference['estimate'])} [{limits[0]} to {limits[1]}]."
        )
    return PastResult(
        backtest=pk,
        tested=f"{', '.join(backtest.symbols)}, {formats.days(backtest.first_session, backtest.last_session)}",
        badge=badge,
        tone=tone,
        is_proven=tone in ("up", "down"),
        rate=f"{words} {formats.percent(rate['share'], 1)} [{rate_text(rate)}], n = {formats.number(rate['n'])}",
        chance=formats.percent(chance, 1) if chance is not None else "",
        expectancy=expectancy,
    )
