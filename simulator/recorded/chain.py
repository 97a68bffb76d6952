"""Conversion of a recorded quote table to a chain table, with the numbers of the file unchanged."""

from __future__ import annotations

import datetime as dt

import numpy as np

from quant.contracts import SHARES_PER_CONTRACT
from quant.sessions import NEW_YORK
from simulator.market.chain_table import ChainTable
from simulator.market.opra import CBOE
from simulator.recorded.quote_table import Recording
from simulator.universe.instruments import exercise_style, is_index

_PLAIN_EXECUTION = 209


def recorded_chain(recording: Recording) -> ChainTable:
    """Return the table of a recording. Zeros stay zeros; values without a column in the file are absent."""
    contracts = sorted(recording.contracts, key=lambda contract: contract.ticker)
    count = len(contracts)

    def column(name: str) -> np.ndarray:
        return np.array([getattr(contract, name) for contract in contracts], dtype=np.float64)

    last, net, volume = column("last"), column("net"), column("volume")
    absent = np.full(count, np.nan)
    stamp_ns = int(recording.stamp.timestamp()) * 1_000_000_000
    midnight = dt.datetime.combine(recording.stamp.astimezone(NEW_YORK).date(), dt.time(), NEW_YORK)
    traded = last > 0
    closing = np.where(traded, last, np.nan)
    quoted = np.ones(count, dtype=np.int64)
    return ChainTable(
        symbol=recording.symbol,
        provider_ticker=f"I:{recording.symbol}" if is_index(recording.symbol) else recording.symbol,
        style=exercise_style(recording.symbol),
        spot=recording.spot,
        spot_ns=stamp_ns,
        ticker=np.array([contract.ticker for contract in contracts]),
        expiration=np.array([contract.expiration for contract in contracts], dtype="datetime64[D]"),
        is_call=np.array([contract.is_call for contract in contracts]),
        strike=column("strike"),
        shares=np.full(count, SHARES_PER_CONTRACT),
        bid=column("bid"),
        ask=column("ask"),
        bid_size=quoted,
        ask_size=quoted,
        quote_ns=np.full(count, stamp_ns),
        volatility=column("volatility"),
        delta=column("delta"),
        gamma=column("gamma"),
        theta=absent,
        vega=absent,
        open_interest=column("open_interest"),
        day_open=absent,
        day_high=absent,
        day_low=absent,
        day_close=closing,
        day_volume=np.where(traded | (volume > 0), volume, np.nan),
        day_previous=np.where(traded, np.round(last - net, 4), np.nan),
        day_ns=np.full(count, int(midnight.timestamp()) * 1_000_000_000),
        trade_price=closing,
        trade_size=np.maximum(np.minimum(volume, 1.0), 1.0),
        trade_ns=np.full(count, stamp_ns),
        trade_condition=np.full(count, _PLAIN_EXECUTION),
        trade_exchange=np.full(count, CBOE),
    )
