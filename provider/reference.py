"""Typed reference data of the REST API: contracts, dividends, splits, market status, conditions, exchanges.

As in `provider.records`, fields that may be left out are None and unknown keys are skipped.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta, Struct

from provider.records import Int32

Instant = Annotated[datetime.datetime, Meta(tz=True)]


class Deliverable(Struct, frozen=True, gc=False):
    """An asset that an adjusted contract delivers in addition to its shares."""

    type: str | None = None  # equity or currency
    underlying: str | None = None
    amount: float | None = None


class Contract(Struct, frozen=True, gc=False):
    """One listed contract. `underlying_ticker` has no prefix (`SPX`), for indices too."""

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


class Dividend(Struct, frozen=True, gc=False):
    """One cash dividend of a stock. `cash_amount` is per share of its time: it is not adjusted for later splits.

    The former list names the kind `dividend_type` (CD regular, SC special, LT and ST capital gains), the newer one
    `distribution_type` (recurring, special, ...).
    """

    ticker: str
    ex_dividend_date: datetime.date
    cash_amount: float  # in `currency`, per share
    currency: str | None = None  # ISO code; absent on old rows
    declaration_date: datetime.date | None = None
    pay_date: datetime.date | None = None
    dividend_type: str | None = None
    distribution_type: str | None = None


class Split(Struct, frozen=True, gc=False):
    """One split: `split_from` shares become `split_to` at the start of `execution_date`. 4:1 is from 1 to 4."""

    ticker: str
    execution_date: datetime.date
    split_from: float
    split_to: float


class MarketStatus(Struct, frozen=True, rename="camel"):
    """The markets that are open now. `server_time` is the provider's clock."""

    market: str  # open, closed or extended-hours
    server_time: Instant | None = None
    early_hours: bool | None = None
    after_hours: bool | None = None
    exchanges: dict[str, str] | None = None
    currencies: dict[str, str] | None = None
    indices_groups: dict[str, str] | None = None


class Holiday(Struct, frozen=True):
    """A coming holiday or early close of one exchange. `open` and `close` (UTC) are set on early closes only."""

    date: datetime.date
    exchange: str  # NYSE, NASDAQ or OTC
    name: str
    status: str  # closed or early-close
    open: Instant | None = None
    close: Instant | None = None


class UpdateRule(Struct, frozen=True):
    """The values of a bar that a trade with this condition updates."""

    updates_high_low: bool | None = None
    updates_open_close: bool | None = None
    updates_volume: bool | None = None


class UpdateRules(Struct, frozen=True):
    """Update rules of consolidated bars and of bars of one exchange."""

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
    """One exchange. Options exchanges have ids from 300: 300 + (OPRA letter - 'A')."""

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
