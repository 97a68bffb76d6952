"""Form of a new optimisation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from backtest.optimiser.request import MOST_SIGNALS, SIZES, OptimizationRequest, checked
from backtest.request import last_closed
from warehouse import clock, market_days
from warehouse.models import WatchlistEntry
from web.form_fields import choice_of, date_field, first_error, number_field, offer, whole_field

SESSIONS = 90  # of the range that is proposed
_AS_THEY_ARE = (
    *("first", "last", "least_signals", "most_signals", "least_outcomes"),
    *("folds", "least_train", "population", "generations", "seed"),
)


class OptimizationForm(forms.Form):
    """The choices of an optimisation. No chosen symbol means all of them; `target` is in percent.

    `asked` is the request of a valid form. `now` is the market's time; `like` is a stored request whose choices are
    proposed.
    """

    symbols = choice_of("watched symbol")
    first = date_field("From")
    last = date_field("To")
    target = number_field("The target win rate", 1, 99)
    least_signals = number_field("The least number of signals a session", 0, MOST_SIGNALS)
    most_signals = number_field("The largest number of signals a session", 0, MOST_SIGNALS)
    least_outcomes = whole_field(*SIZES["least_outcomes"])
    folds = whole_field(*SIZES["folds"])
    least_train = whole_field(*SIZES["least_train"])
    population = whole_field(*SIZES["population"])
    generations = whole_field(*SIZES["generations"])
    seed = whole_field(*SIZES["seed"])

    asked: OptimizationRequest

    def __init__(
        self, *arguments: Any, now: dt.datetime, like: OptimizationRequest | None = None, **named: Any
    ) -> None:
        self._now = now
        self._market = market_days.read()
        self._watched = list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))
        named.setdefault("initial", self._as_in(self._usual() if like is None else like))
        super().__init__(*arguments, **named)
        offer(self, "symbols", [(name, name) for name in self._watched])

    def _usual(self) -> OptimizationRequest:
        last = last_closed(self._market, self._now)
        return OptimizationRequest(tuple(self._watched), self._market.before(last, SESSIONS - 1), last)

    def _as_in(self, like: OptimizationRequest) -> dict[str, Any]:
        found = {name: getattr(like, name) for name in _AS_THEY_ARE}
        found |= {name: f"{found[name]:g}" for name in ("least_signals", "most_signals")}
        return found | {
            "symbols": [] if set(like.symbols) == set(self._watched) else like.symbols,
            "target": f"{like.target * 100:g}",
        }

    def clean(self) -> dict[str, Any]:
        """Check the choices together. The error is one sentence."""
        found: dict[str, Any] = super().clean() or {}
        if self.errors:
            return found
        request = OptimizationRequest(
            symbols=tuple(found["symbols"] or self._watched),
            target=found["target"] / 100,
            until_ms=clock.epoch_ms(self._now),
            **{name: found[name] for name in _AS_THEY_ARE},
        )
        try:
            self.asked = checked(request, self._watched, self._market, self._now)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return found

    @property
    def sentence(self) -> str:
        """Return the first error, empty without one."""
        return first_error(self)
