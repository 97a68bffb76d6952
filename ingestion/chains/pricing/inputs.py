"""What a chain is priced with besides its own quotes: rates, declared dividends, exercise style."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from ingestion.daily.corporate_actions import dividends_are_known
from quant.pricing.discount_curve import DiscountCurve, flat_curve
from quant.pricing.settlement_solver import DividendSchedule
from quant.sessions import SECONDS_PER_YEAR
from warehouse import clock
from warehouse.asof import corporate_actions, expiration_curve
from warehouse.models import WatchlistEntry
from warehouse.models.enums import RateSource, UnderlyingKind

# Its European quotes determine the curve of dollar rates that all other chains use.
CURVE_SYMBOL = "SPX"
_AMERICAN_INDICES = frozenset({"OEX"})


@dataclass(frozen=True, slots=True)
class PricingInputs:
    """Inputs of one chain.

    `rates` are used unless the chain determines its own (`own_rates`). They are those of the slot `curve_slot`, epoch
    ms, or the flat rate of the settings without one. `dividends` are (ex instant in epoch ms, dollars per share);
    `dividends_known` says whether they were ever fetched.
    `is_american` is the exercise style of contracts for which the provider sends none.
    """

    rates: DiscountCurve
    rate_source: RateSource
    curve_slot: int | None
    own_rates: bool
    dividends: tuple[tuple[int, float], ...]
    dividends_known: bool
    is_american: bool

    def dividends_from(self, at: datetime) -> DividendSchedule:
        """Return the dividends as (years from `at`, dollars)."""
        at_ms = clock.epoch_ms(at)
        return DividendSchedule(
            ((ex_ms - at_ms) / 1000 / SECONDS_PER_YEAR, cash) for ex_ms, cash in self.dividends
        )


def pricing_inputs(entry: WatchlistEntry, at: datetime, known_by_ms: int) -> PricingInputs:
    """Return the inputs for a chain whose prices are of the instant `at`, as known at `known_by_ms`.

    That is the start of the chain's own request for a live chain, so that a slot never uses its own curve.
    """
    symbol = str(entry.symbol)
    newest = expiration_curve.usd_curve(CURVE_SYMBOL, known_by_ms)
    if newest is None:
        rates, source, slot = flat_curve(settings.FLAT_RATE), RateSource.FLAT, None
    else:
        years = (newest.settlement - clock.epoch_ms(at)) / 1000 / SECONDS_PER_YEAR
        rates, source, slot = DiscountCurve(years, newest.rate), RateSource.CURVE, newest.slot
    is_index = entry.kind == UnderlyingKind.INDEX
    return PricingInputs(
        rates=rates,
        rate_source=source,
        curve_slot=slot,
        # Other indices too are European, and their own rates are better than a flat one.
        own_rates=symbol == CURVE_SYMBOL or (is_index and newest is None),
        dividends=()
        if is_index
        else corporate_actions.dividends(symbol, min(known_by_ms, clock.epoch_ms(at))),
        dividends_known=is_index or dividends_are_known(symbol),
        is_american=symbol in _AMERICAN_INDICES or not is_index,
    )
