"""Pricing inputs for chains of tests."""

from __future__ import annotations

from ingestion.chains.pricing.inputs import PricingInputs
from quant.pricing.discount_curve import flat_curve
from warehouse.models.enums import RateSource


def inputs_of(
    *, rate: float = 0.0, is_american: bool = False, dividends: tuple[tuple[int, float], ...] = ()
) -> PricingInputs:
    """Return inputs with one rate; dividends are (ex instant in epoch ms, dollars)."""
    return PricingInputs(flat_curve(rate), RateSource.FLAT, None, False, dividends, True, is_american)


EUROPEAN = inputs_of()
