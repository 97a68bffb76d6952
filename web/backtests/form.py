"""Form of a new backtest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings

from backtest.request import COSTS, Request, checked, last_closed
from signals.context.boost import PROFILES
from signals.detectors.registry import DETECTORS
from warehouse import clock, market_days
from warehouse.models import WatchlistEntry
from web.form_fields import choice_of, date_field, first_error, number_field, offer
from web.signals.naming import detector_title

DAYS = 90  # of the range that is proposed
_COST_WORDS = {
    "default": "1 basis point of slippage",
    "double": "2 basis points of slippage",
    "none": "none",
}
_PROFILE_WORDS = {
    "default": "default",
    "phase1": "by percentile and smart money, as factors",
    "document3": "smart money, as points",
    "neutral_gamma": "short gamma in both directions",
}
_TIMEFRAMES = (("15m", "15 minutes"), ("1d", "1 day"))


class BacktestForm(forms.Form):
    """The choices of a backtest. No chosen detector means all of them, and so it is with symbols.

    `asked` is the request of a valid form. `now` is the market's time; `like` is a stored request whose choices are
    proposed.
    """

    detectors = choice_of("detector")
    symbols = choice_of("watched symbol")
    first = date_field("From")
    last = date_field("To")
    timeframe = forms.ChoiceField(choices=_TIMEFRAMES)
    costs = forms.ChoiceField(choices=[(name, _COST_WORDS[name]) for name in COSTS])
    profile = forms.ChoiceField(choices=[(name, _PROFILE_WORDS[name]) for name in PROFILES])
    minimum = number_field("The least score", 0, 100)
    wall_exit = forms.BooleanField(required=False)
    all_firings = forms.BooleanField(required=False)
    priced = forms.BooleanField(required=False)

    asked: Request

    def __init__(self, *arguments: Any, now: dt.datetime, like: Request | None = None, **named: Any) -> None:
        self._now = now
        self._market = market_days.read()
        self._watched = list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))
        named.setdefault("initial", self._usual() if like is None else self._as_in(like))
        super().__init__(*arguments, **named)
        offer(self, "detectors", [(one.name, detector_title(one.name)) for one in DETECTORS])
        offer(self, "symbols", [(name, name) for name in self._watched])

    def _usual(self) -> dict[str, Any]:
        last = last_closed(self._market, self._now)
        return {
            "first": last - dt.timedelta(days=DAYS),
            "last": last,
            "timeframe": "15m",
            "costs": "default",
            "profile": settings.SIGNAL_PROFILE,
            "minimum": f"{settings.SIGNAL_MINIMUM_SCORE:g}",
        }

    def _as_in(self, like: Request) -> dict[str, Any]:
        is_all = len(like.detectors) == len(DETECTORS)
        return {
            "detectors": [] if is_all else like.detectors,
            "symbols": [] if set(like.symbols) == set(self._watched) else like.symbols,
            "first": like.first,
            "last": like.last,
            "timeframe": like.timeframe,
            "costs": next((name for name, one in COSTS.items() if one == like.costs), "default"),
            "profile": like.profile,
            "minimum": f"{like.minimum:g}",
            "wall_exit": like.wall_exit,
            "all_firings": not like.one_at_a_time,
            "priced": like.priced,
        }

    def clean(self) -> dict[str, Any]:
        """Check the choices together. The error is one sentence."""
        found: dict[str, Any] = super().clean() or {}
        if self.errors:
            return found
        costs = COSTS[found["costs"]]
        request = Request(
            symbols=tuple(found["symbols"] or self._watched),
            detectors=tuple(found["detectors"] or (one.name for one in DETECTORS)),
            first=found["first"],
            last=found["last"],
            timeframe=found["timeframe"],
            profile=found["profile"],
            minimum=found["minimum"],
            slippage=costs.slippage,
            commission=costs.commission,
            wall_exit=found["wall_exit"],
            one_at_a_time=not found["all_firings"],
            priced=found["priced"],
            until_ms=clock.epoch_ms(self._now),
        )
        try:
            self.asked = checked(request, self._watched, self._market, self._now)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        if not request.rules:
            raise forms.ValidationError(f"No chosen detector works on bars of {found['timeframe']}.")
        return found

    @property
    def sentence(self) -> str:
        """Return the first error, empty without one."""
        return first_error(self)
