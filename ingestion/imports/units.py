"""Conversion of a file's greeks to the units of the warehouse.

Vendors give theta per calendar day, per trading day or per year, vega per point or per whole volatility, and some
give volatility in percent; at best their manual says which. The unit is found from the numbers: divided by our
own values of the same contracts, they have one constant ratio. If the ratio is not that of a known unit, the
column is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import numpy as np

from ingestion.chains.chain_columns import ChainColumns, Checked
from ingestion.chains.pricing.greeks import complete_greeks
from ingestion.chains.pricing.inputs import PricingInputs
from ingestion.chains.spot import Spot, spot_by_parity
from quant.chain import Floats
from quant.sessions import SECONDS_PER_YEAR, years_to_expiry

_VOLATILITY = MappingProxyType({"fraction": 1.0, "percent": 100.0})
_THETA = MappingProxyType({"per calendar day": 1.0, "per trading day": 365 / 252, "per year": 365.0})
_VEGA = MappingProxyType({"per point": 1.0, "per whole volatility": 100.0})
_MIN_RELATIVE_SIZE = 0.1  # of the largest value; ratios of smaller values are unreliable
# In years. Shortly before settlement, vendors' times to settlement differ too much for a comparison.
_HALF_A_DAY = 43_200 / SECONDS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Units:
    """The checked columns in the units of the warehouse, and the names of the file's units by column."""

    checked: Checked
    units: dict[str, str]


def to_warehouse_units(
    checked: Checked, spot: Spot | None, at: datetime, known: Mapping[str, str], inputs: PricingInputs
) -> Units:
    """Convert theta, vega and implied volatility. A column of unknown unit is removed and counted as refused.

    `known` are the units found in an earlier snapshot of the file. They are used again, because a vendor does not
    change units between days, and because on some days the numbers differ too much from ours to find the unit.
    """
    years = years_to_expiry(checked.columns.root, checked.columns.expiration, at)
    is_alive = years > _HALF_A_DAY
    comparable, years = checked.columns.select(is_alive), years[is_alive]
    price = (spot or spot_by_parity(comparable, years)).price if len(comparable) else np.nan
    unknown = np.full(len(comparable), np.nan)
    without_values = replace(comparable, theta=unknown, vega=unknown, implied_volatility=unknown)
    own = complete_greeks(without_values, years, price, inputs, at).greeks
    conversion = _Conversion(checked.columns, checked.refused.copy(), known, {})
    # Volatilities of one contract from two vendors may differ by a third, while percent is a factor of a hundred.
    vendor_values = comparable.implied_volatility
    conversion.convert(
        "implied_volatility", vendor_values, own.own_implied_volatility, _VOLATILITY, 3.0, "fraction"
    )
    if conversion.units and np.isnan(own.own_implied_volatility).all():
        volatility = conversion.columns.select(is_alive).implied_volatility
        known_volatility = replace(without_values, implied_volatility=volatility)
        own = complete_greeks(known_volatility, years, price, inputs, at).greeks
    conversion.convert("theta", comparable.theta, own.theta, _THETA, 1.18)
    conversion.convert("vega", comparable.vega, own.vega, _VEGA, 1.18)
    return Units(Checked(conversion.columns, checked.rejected, conversion.refused), conversion.units)


@dataclass(slots=True)
class _Conversion:
    columns: ChainColumns
    refused: Counter[str]
    known: Mapping[str, str]
    units: dict[str, str]

    def convert(
        self,
        name: str,
        vendor_values: Floats,
        own: Floats,
        units: Mapping[str, float],
        within: float,
        default: str | None = None,
    ) -> None:
        """Divide a column by the factor of its unit; `within` is the tolerance of the ratio, as a factor."""
        values = getattr(self.columns, name)
        if not (np.isfinite(values) & (values != 0)).any():
            return
        unit = self.known.get(name) or _unit(vendor_values, own, units, within, default)
        if unit is None:
            self.refused[f"{name}_in_unknown_unit"] += int(
                np.count_nonzero(np.isfinite(values) & (values != 0))
            )
            self.columns = replace(self.columns, **{name: np.full(len(values), np.nan)})
            return
        self.units[name] = unit
        if units[unit] != 1.0:
            self.columns = replace(self.columns, **{name: values / units[unit]})


def _unit(
    vendor_values: Floats, own: Floats, units: Mapping[str, float], within: float, default: str | None
) -> str | None:
    """Return the unit whose factor is nearest to the median ratio, None if no factor is within the tolerance.

    `default` is returned if no values can be compared.
    """
    known = np.isfinite(own) & np.isfinite(vendor_values) & (vendor_values != 0)
    if not known.any():
        return default
    known &= np.abs(own) >= _MIN_RELATIVE_SIZE * np.abs(own[known]).max()
    ratio = float(np.median(vendor_values[known] / own[known]))
    if ratio <= 0:
        return None
    nearest = min(units, key=lambda unit: abs(np.log(ratio / units[unit])))
    return nearest if abs(np.log(ratio / units[nearest])) <= np.log(within) else None
