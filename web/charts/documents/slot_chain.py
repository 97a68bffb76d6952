"""The chain of a slot as columns for `quant`, with the classes of expirations that charts can show separately.

A chain is read and prepared once per process and slot, because charts of one slot are asked for several times.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from ingestion.chains.gamma_inputs import InputsGone, inputs_of
from ingestion.chains.stored_chain import NotWhole, stored_chain
from quant.chain import Bools, Floats, OptionChain
from quant.contracts import is_adjusted, parse_tickers, usual_multiplier
from quant.sessions import years_to_expiry
from warehouse import clock
from warehouse.asof import chain, expiration_curve
from warehouse.asof.chain import StoredChain
from warehouse.asof.gamma_snapshots import StoredSnapshot
from warehouse.models import GammaExposure
from warehouse.models.enums import OpenInterestSource
from web.charts.documents.document import UnknownChoice

# Name in URLs, name on pages, and the first and last day to expiration of each class.
BUCKETS: dict[str, tuple[str, float, float]] = {
    "all": ("All", 0, np.inf),
    "0dte": ("0DTE", 0, 0),
    "1-7": ("1–7 d", 1, 7),
    "8-30": ("8–30 d", 8, 30),
    "31-90": ("31–90 d", 31, 90),
    "over-90": ("> 90 d", 91, np.inf),
}
_KEPT = 12  # chains; one of 20,000 contracts takes 4 MB


def bucket_label(bucket: str) -> str:
    """Return the name of a bucket on pages. Raises UnknownChoice."""
    if bucket not in BUCKETS:
        raise UnknownChoice(bucket)
    return BUCKETS[bucket][0]


class ChainGone(Exception):
    """The chain of a snapshot is not stored as a whole."""


@dataclass(frozen=True, slots=True)
class SlotChain:
    """Standard contracts of a slot, with the weights that the snapshot was measured with.

    `own_volatility` (n,) is our own, a fraction; None for American chains, whose own volatilities take seconds.
    """

    chain: OptionChain
    own_volatility: Floats | None

    def of_bucket(self, bucket: str) -> Bools:
        """Return which contracts belong to a class of `BUCKETS`, shape (n,)."""
        _, first, last = BUCKETS[bucket]
        days = self.chain.days_to_expiry
        belongs: Bools = (days >= first) & (days <= last)
        return belongs


_lock = threading.Lock()
_chains: OrderedDict[tuple[str, int, int | None], SlotChain] = OrderedDict()


def forget_chains() -> None:
    """Remove the chains that this process keeps."""
    with _lock:
        _chains.clear()


def slot_chain(symbol: str, snapshot: StoredSnapshot) -> SlotChain:
    """Return the chain that a snapshot was measured on. Raises ChainGone where rows are missing.

    A snapshot that was computed again has another chain.
    """
    key = (symbol, snapshot.timestamp, snapshot.computed_at)
    with _lock:
        if key in _chains:
            _chains.move_to_end(key)
            return _chains[key]
    found = _read(symbol, snapshot)
    with _lock:
        _chains[key] = found
        while len(_chains) > _KEPT:
            _chains.popitem(last=False)
    return found


def _read(symbol: str, snapshot: StoredSnapshot) -> SlotChain:
    row = GammaExposure(
        symbol=symbol,
        timestamp=snapshot.timestamp,
        underlying_price=snapshot.underlying_price,
        measured_contracts=snapshot.measured_contracts,
        spot_source=snapshot.spot_source,
        data_delay_ms=snapshot.data_delay_ms,
        multipliers=dict(snapshot.multipliers),
    )
    curve = expiration_curve.read(symbol, snapshot.timestamp)
    try:
        inputs = inputs_of(row)
        if len(curve) and not np.any(curve.exercise_style == "american"):
            computed = stored_chain(row, inputs)
            volatility = computed.greeks.own_implied_volatility[computed.standard]
            return SlotChain(_weighted(computed.option_chain, snapshot), volatility)
        contracts = _contracts(symbol, snapshot, inputs.data_delay_ms, inputs.contracts)
    except (NotWhole, InputsGone) as error:
        raise ChainGone(str(error)) from None
    return SlotChain(_weighted(contracts, snapshot), None)


def _contracts(symbol: str, snapshot: StoredSnapshot, delay_ms: int, measured: int) -> OptionChain:
    """Return the standard contracts with their stored greeks, forwards and rates."""
    rows = chain.read(symbol, snapshot.timestamp, StoredChain)
    if len(rows) != measured:
        raise NotWhole(f"{len(rows):,} of the {measured:,} contracts it was measured on are stored")
    terms = parse_tickers(rows.contract_ticker)
    carry = expiration_curve.carry(symbol, snapshot.timestamp, terms.root, terms.expiration)
    at = clock.instant(snapshot.timestamp - delay_ms)
    multiplier = usual_multiplier(terms.root, rows.multiplier)
    return OptionChain(
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        strike=terms.strike,
        years=years_to_expiry(terms.root, terms.expiration, at),
        bid=rows.bid,
        ask=rows.ask,
        last=rows.last,
        volume=rows.volume,
        open_interest=rows.open_interest,
        multiplier=multiplier,
        delta=rows.delta,
        gamma=rows.gamma,
        implied_volatility=rows.implied_volatility,
        forward=carry.forward,
        rate=carry.rate,
        spot=np.nan if snapshot.underlying_price is None else snapshot.underlying_price,
    ).select(~is_adjusted(terms.root, multiplier))


def _weighted(contracts: OptionChain, snapshot: StoredSnapshot) -> OptionChain:
    """Return the chain with the volume in place of open interest where the snapshot was measured so."""
    if snapshot.oi_source != OpenInterestSource.VOLUME_PROXY.value:
        return contracts
    return replace(contracts, open_interest=contracts.volume)
