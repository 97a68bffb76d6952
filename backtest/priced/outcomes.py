"""Rows of outcomes with the trade of an option in place of the underlying."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backtest.priced.contract import choose_contract
from backtest.priced.fills import Kind, Moment, Price, model_at, price_at
from backtest.priced.stored import StoredOptions
from quant.market.option_trades import bought_at, profit, sold_at
from quant.sessions import new_york_date
from signals.rules.rule import LONG, SHORT
from warehouse import clock
from warehouse.models.enums import Direction, OptionPriceSource

NO_TRADE = "no entry or no exit"
NO_UNDERLYING = "no trade of the underlying"
SPLIT = "split while held"
SETTLED = "settled before the exit"
NO_ENTRY_PRICE = "no price at the entry"
NO_EXIT_PRICE = "no price at the exit"


@dataclass(frozen=True, slots=True)
class OptionCosts:
    """Share of half of the spread that each fill crosses, 0 to 1, and dollars of commission per contract and fill."""

    spread_share: float
    commission: float


def price_rows(
    rows: Sequence[dict[str, Any]],
    stored: StoredOptions,
    costs: OptionCosts,
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Add the columns of the option's trade to each row of one symbol; `alive` is called after each row.

    `option_reason` says why a row has no such trade, '' where it has one. A price that is not known is None. A model
    with an old volatility never stands beside another price, because the change of volatility in between would be a
    profit or loss that nobody had: then both prices are modelled with the volatility that was known at the entry.
    """
    for row in rows:
        row.update(_priced(row, stored, costs))
        alive()


def _priced(row: dict[str, Any], stored: StoredOptions, costs: OptionCosts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "option_contract": None,
        "option_entry": None,
        "option_exit": None,
        "option_pnl": None,
        "option_entry_source": None,
        "option_exit_source": None,
        "option_modelled": None,
    }
    reason = NO_UNDERLYING if row["outcome_kind"] == "iv_change" else ""
    if not reason and (row["entry"] is None or row["exited_at"] is None):
        reason = NO_TRADE
    if reason:
        return found | {"option_reason": reason}
    entry, exit_ = _moments(row)
    side = LONG if row["direction"] == Direction.LONG else SHORT
    contract = choose_contract(stored, entry.day, entry.at_ms, side, row["timeframe"] == "1d")
    if isinstance(contract, str):
        return found | {"option_reason": contract}
    found["option_contract"] = contract.ticker
    if stored.is_split(row["session"], exit_.day):
        return found | {"option_reason": SPLIT}
    if contract.settles_ms <= row["exited_at"]:
        return found | {"option_reason": SETTLED}
    bought, sold = price_at(stored, contract, entry), price_at(stored, contract, exit_)
    if (bought is not None and bought.is_stale) or (sold is not None and sold.is_stale):
        bought, sold = (model_at(stored, contract, at, entry) for at in (entry, exit_))
    if bought is None or bought.mid <= 0:
        return found | {"option_reason": NO_ENTRY_PRICE}
    if sold is None:
        return found | {"option_reason": NO_EXIT_PRICE}
    return found | _trade(bought, sold, costs) | {"option_reason": ""}


def _moments(row: dict[str, Any]) -> tuple[Moment, Moment]:
    """Return the instants of entry and exit; that of an exit whose minute is not known is the end of its bar."""
    entered_ms, ended_ms, minute_ms = row["entered_at"], row["exited_at"], row["exit_minute"]
    left_ms = ended_ms if minute_ms is None else minute_ms
    kind: Kind = "unknown" if minute_ms is None else "end" if minute_ms == ended_ms else "within"
    entry = Moment(_day(entered_ms), entered_ms, row["entry"], "within", left_ms)
    return entry, Moment(_day(left_ms), left_ms, row["exit"], kind, sys.maxsize)


def _day(at_ms: int) -> dt.date:
    return new_york_date(clock.instant(at_ms))


def _trade(bought: Price, sold: Price, costs: OptionCosts) -> dict[str, Any]:
    paid = bought_at(bought.mid, bought.half_spread, costs.spread_share)
    got = sold_at(sold.mid, sold.half_spread, costs.spread_share)
    sources = bought.source, sold.source
    return {
        "option_entry": paid,
        "option_exit": got,
        "option_pnl": profit(paid, got, costs.commission),
        "option_entry_source": sources[0].value,
        "option_exit_source": sources[1].value,
        "option_modelled": OptionPriceSource.MODEL in sources,
    }
