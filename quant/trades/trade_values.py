"""Option trades as columns: one array per property, one position per trade."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats

_ABSENT = {"is_call": False, "sequence_number": 0, "exchange": 0, "conditions": 0}


@dataclass(frozen=True, slots=True)
class Trades:
    """A batch of trades, one position per trade, in any order; NaN is unknown.

    Raises ValueError when the columns differ in length.
    """

    contract: NDArray[np.int64]  # any number that stands for one contract throughout the batch
    is_call: Bools
    timestamp: NDArray[np.int64]  # exchange time, epoch ms UTC
    sequence_number: NDArray[np.int64]  # orders trades of one millisecond
    exchange: NDArray[np.int64]
    conditions: NDArray[np.int64]  # (n,) or (n, k), 0 pads
    price: Floats  # dollars per share
    size: Floats  # contracts
    bid: Floats  # the last quote before the trade
    ask: Floats
    bid_size: Floats  # contracts
    ask_size: Floats
    quote_age_ms: Floats
    average_size: Floats  # running average of the underlying, contracts
    large_size: Floats  # 95th percentile of the underlying's sizes over 20 sessions
    day_volume: Floats  # of the contract, this trade included
    open_interest: Floats
    multiplier: Floats
    trade_rate: (
        Floats  # trades per ms of the contract, see `quant.trades.trade_rate`; NaN: measured in this batch
    )

    @classmethod
    def of(
        cls,
        *,
        contract: NDArray[np.int64],
        timestamp: NDArray[np.int64],
        price: Floats,
        size: Floats,
        **known: NDArray[Any] | None,
    ) -> Trades:
        """Return a batch with the columns that are known, each of shape (n,); the others are absent.

        Absent numbers are NaN, absent flags False, and absent sequence numbers, exchanges and conditions 0. Raises
        TypeError for an unknown column and ValueError when the columns differ in length.
        """
        columns: dict[str, Any] = {name: column for name, column in known.items() if column is not None}
        for field in fields(cls):
            if field.name not in columns:
                columns[field.name] = np.full(len(price), _ABSENT.get(field.name, np.nan))
        return cls(**columns | {"contract": contract, "timestamp": timestamp, "price": price, "size": size})

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a batch must be equally long: {lengths}")

    def __len__(self) -> int:
        return len(self.price)
