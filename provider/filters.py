"""Query parameters that filter lists: contracts by their terms, trades and quotes by time."""

from __future__ import annotations

import datetime
from typing import Literal, TypedDict

Day = datetime.date | str  # a date, or its text YYYY-MM-DD


class ContractFilters(TypedDict, total=False):
    """Filters on the contracts of an underlying. A suffix such as `_gte` is sent as the provider's `.gte`."""

    contract_type: Literal["call", "put"]
    expiration_date: Day
    expiration_date_gt: Day
    expiration_date_gte: Day
    expiration_date_lt: Day
    expiration_date_lte: Day
    strike_price: float
    strike_price_gt: float
    strike_price_gte: float
    strike_price_lt: float
    strike_price_lte: float


def between(after_ns: int, before_ns: int) -> dict[str, str]:
    """Return parameters that select from `after_ns` to `before_ns` inclusive (epoch ns), oldest first."""
    return {
        "timestamp.gte": str(after_ns),
        "timestamp.lte": str(before_ns),
        "order": "asc",
        "sort": "timestamp",
    }


def contract_params(filters: ContractFilters) -> dict[str, str]:
    """Return the query parameters of `filters`. Raises `TypeError` for an unknown name."""
    # The provider ignores unknown parameters and would return the whole chain.
    unknown = filters.keys() - ContractFilters.__annotations__.keys()
    if unknown:
        raise TypeError(f"unknown contract filters: {', '.join(sorted(unknown))}")
    return {_dotted(name): str(value) for name, value in filters.items() if value is not None}


def _dotted(name: str) -> str:
    stem, _, comparison = name.rpartition("_")
    return f"{stem}.{comparison}" if comparison in ("gt", "gte", "lt", "lte") else name
