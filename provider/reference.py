"""Reference data as it comes over the wire, typed: contracts, market status, conditions, exchanges.

The rules of `provider.records` hold: what may be left out is None, unknown keys are skipped.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta, Struct

from provider.records import Int32

Instant = Annotated[datetime.datetime, Meta(tz=True)]


class Deliverable(Struct, frozen=True, gc=False):
    """What an adjusted contract delivers besides its shares."""

    type: str | None = None  # equity or currency
    underlying: str | None = None
    amount: float | None = None


class Contract(Struct, frozen=True, gc=False):
    """One listed contract. `underlying_ticker` is bare (`SPX`) even for indices."""

    ticker: str
    contract_type: str  # call, put or other
    expiration_date: datetime.date
    strike_price: float  # dollars
    underlying_ticker: str | None = None
    exercise_style: str | None = None
    shares_per_contract: float | None = None
    primary_exchange: str | None = None  # a MIC such as BATO
    cfi: str | None = None
    correction: Int32 | None = None
    additional_underlyings: tuple[Deliverable, ...] | None = None


class MarketStatus(Struct, frozen=True, rename="camel"):
    """What is open now. `server_time` is the provider's own clock."""

    market: str  # open, closed or extended-hours
    server_time: Instant | None = None
    early_hours: bool | None = None
    after_hours: bool | None = None
    exchanges: dict[str, str] | None = None
    currencies: dict[str, str] | None = None
    indices_groups: dict[str, str] | None = None


class Holiday(Struct, frozen=True):
    """One exchange's coming holiday or early close; `open` and `close` (UTC) stand on early closes only."""

    date: datetime.date
    exchange: str  # NYSE, NASDAQ or OTC
    name: str
    status: str  # closed or early-close
    open: Instant | None = None
    close: Instant | None = None


class UpdateRule(Struct, frozen=True):
    """Which figures of a bar a trade with this condition moves."""

    updates_high_low: bool | None = None
    updates_open_close: bool | None = None
    updates_volume: bool | None = None


class UpdateRules(Struct, frozen=True):
    consolidated: UpdateRule | None = None
    market_center: UpdateRule | None = None


class Condition(Struct, frozen=True):
    """One trade or quote condition code."""

    id: Int32
    name: str
    type: str | None = None
    abbreviation: str | None = None
    asset_class: str | None = None
    data_types: tuple[str, ...] | None = None
    description: str | None = None
    exchange: Int32 | None = None
    legacy: bool | None = None
    sip_mapping: dict[str, str] | None = None
    update_rules: UpdateRules | None = None


class Exchange(Struct, frozen=True):
    """One venue. Options venues have ids from 300 upward: 300 + (OPRA letter - 'A')."""

    id: Int32
    name: str
    type: str | None = None  # exchange, TRF or SIP
    asset_class: str | None = None
    locale: str | None = None
    acronym: str | None = None
    mic: str | None = None
    operating_mic: str | None = None
    participant_id: str | None = None
    url: str | None = None
