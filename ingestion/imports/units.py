"""A file's greeks in the warehouse's units.

Vendors give theta per calendar day, per trading day or per year, vega per point or per whole volatility, and some
volatility in percent, and say so in a manual at best. The numbers themselves tell: against our own of the same
contracts they stand in one fixed ratio. Where the ratio is none that is in use, the file's column is not believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import numpy as np

from ingestion.chains.chain_columns import ChainColumns, Checked
from ingestion.chains.greeks import complete_greeks
from ingestion.chains.spot import Spot, spot_by_parity
from quant.chain import Floats
from quant.sessions import SECONDS_PER_YEAR, years_to_expiry

_VOLATILITY = MappingProxyType({"fraction": 1.0, "percent": 100.0})
_THETA = MappingProxyType({"per calendar day": 1.0, "per trading day": 365 / 252, "per year": 365.0})
_VEGA = MappingProxyType({"per point": 1.0, "per whole volatility": 100.0})
_SIZEABLE = 0.1  # of the largest: near zero a ratio says nothing
_HALF_A_DAY = 43_200 / SECONDS_PER_YEAR  # in the last hours vendors' clocks differ too much to judge by


@dataclass(frozen=True, slots=True)
class Units:
    """The checked columns in the warehouse's units, and in words what the file's units were."""

    checked: Checked
    said: dict[str, str]


def to_warehouse_units(checked: Checked, spot: Spot | None, at: datetime, known: Mapping[str, str]) -> Units:
    """Converts theta, vega and implied volatility. What cannot be told is blanked and counted as refused.

    `known` are units that an earlier snapshot of the file has told: a vendor does not change them overnight, and on
    some days the numbers lie too far from ours to tell.
    """
    years = years_to_expiry(checked.columns.root, checked.columns.expiration, at)
    living = years > _HALF_A_DAY
    judges, years = checked.columns.select(living), years[living]
    price = (spot or spot_by_parity(judges, years)).price if len(judges) else np.nan
    unknown = np.full(len(judges), np.nan)
    bare = replace(judges, theta=unknown, vega=unknown, implied_volatility=unknown)
    own = complete_greeks(bare, years, price)
    work = _Work(checked.columns, checked.refused.copy(), known, {})
    # Two vendors' volatilities of one contract may differ by a third; a percent is a hundredfold.
    sent = judges.implied_volatility
    work.convert("implied_volatility", sent, own.own_implied_volatility, _VOLATILITY, 3.0, "fraction")
    if work.said:
        volatility = work.columns.select(living).implied_volatility
        own = complete_greeks(replace(bare, implied_volatility=volatility), years, price)
    work.convert("theta", judges.theta, own.theta, _THETA, 1.18)
    work.convert("vega", judges.vega, own.vega, _VEGA, 1.18)
    return Units(Checked(work.columns, checked.rejected, work.refused), work.said)


@dataclass(slots=True)
class _Work:
    columns: ChainColumns
    refused: Counter[str]
    known: Mapping[str, str]
    said: dict[str, str]

    def convert(
        self,
        name: str,
        sent: Floats,
        own: Floats,
        units: Mapping[str, float],
        within: float,
        default: str | None = None,
    ) -> None:
        """Divides a column by what it stands at against our own; `within` is the factor it may be off."""
        values = getattr(self.columns, name)
        if not (np.isfinite(values) & (values != 0)).any():
            return
        unit = self.known.get(name) or _unit(sent, own, units, within, default)
        if unit is None:
            self.refused[f"{name}_in_unknown_unit"] += int(
                np.count_nonzero(np.isfinite(values) & (values != 0))
            )
            self.columns = replace(self.columns, **{name: np.full(len(values), np.nan)})
            return
        self.said[name] = unit
        if units[unit] != 1.0:
            self.columns = replace(self.columns, **{name: values / units[unit]})


def _unit(
    sent: Floats, own: Floats, units: Mapping[str, float], within: float, default: str | None
) -> str | None:
    """The unit whose factor is nearest to the median ratio, None where none is within reach of it; `default` where
    nothing can be compared."""
    known = np.isfinite(own) & np.isfinite(sent) & (sent != 0)
    if not known.any():
        return default
    known &= np.abs(own) >= _SIZEABLE * np.abs(own[known]).max()
    ratio = float(np.median(sent[known] / own[known]))
    if ratio <= 0:
        return None
    nearest = min(units, key=lambda unit: abs(np.log(ratio / units[unit])))
    return nearest if abs(np.log(ratio / units[nearest])) <= np.log(within) else None
