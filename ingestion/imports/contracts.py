"""Rows of a snapshot as checked columns. A row that is not a contract is left out and counted by its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.chain_columns import ChainColumns, Checked, check_columns
from ingestion.chains.spot import Spot
from ingestion.imports import cells
from quant.chain import Floats
from quant.contracts import (
    BadTickerError,
    Contracts,
    format_ticker,
    option_root,
    parse_tickers,
    usual_multiplier,
)
from warehouse.watchlist import spelled

_NUMBERS = (
    *("bid", "ask", "last", "volume", "open_interest"),
    *("delta", "gamma", "theta", "vega", "implied_volatility"),
)
# Columns that are read in their own way.
_READERS = {"multiplier": cells.multipliers, "exercise_style": cells.exercise_styles}
_LARGEST_MULTIPLIER = 2**31 - 1
_CLASS_OF_SHARES = re.compile(r"[A-Z]+\.[A-Z]")
_PADDING = str.maketrans("", "", " .")  # OCC symbols pad the root; some files have a point before the date

Cells = Mapping[str, Sequence[str]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ContractRows:
    """The contracts of a snapshot, not yet divided by underlying: columns and spot of shape (n,), counts by reason.

    `symbol_of_root` holds the underlyings whose spelling in the file the root does not show: BRK.B for BRKB.
    """

    columns: ChainColumns
    spot: Floats
    rejected: Counter[str]
    refused: Counter[str]  # cells that are not a number, by column
    symbol_of_root: Mapping[str, str]

    def for_underlying(self, selected: Mask, roots: Iterable[str]) -> tuple[Checked, Spot | None]:
        """Return the selected contracts, checked like a live chain, and the underlying's price if the file has it."""
        checked = check_columns(self.columns.select(selected), roots, self.rejected)
        checked.refused.update(self.refused)
        prices = self.spot[selected]
        prices = prices[prices > 0]
        return checked, Spot(float(np.median(prices)), "file") if len(prices) else None

    def without_counts(self) -> ContractRows:
        """Return the same contracts without the counts, which are reported for one underlying only."""
        return replace(self, rejected=Counter(), refused=Counter())


def read_contracts(cells_by_column: Cells, symbol: str | None, malformed: Counter[str]) -> ContractRows:
    """Return the contracts of the rows, from their tickers if there are any, else from type, expiration and strike.

    `malformed` counts the rows that were left out before. Reasons: bad_ticker, not_call_or_put, no_expiration,
    no_strike, contradicts_its_ticker, bad_multiplier (not a positive whole number). A standard contract without a
    multiplier has 100; that of an adjusted one is unknown.
    """
    terms, is_valid = _terms(cells_by_column, symbol, rejected := Counter(malformed))
    numbers: dict[str, Floats] = {}
    refused: Counter[str] = Counter()
    for name in (*_NUMBERS, "spot", *_READERS):
        values, unreadable = (
            _READERS.get(name, cells.numbers)(cells_by_column[name])
            if name in cells_by_column
            else (np.full(len(is_valid), np.nan), 0)
        )
        numbers[name] = values[is_valid]
        refused[f"unreadable_{name}"] = unreadable
    spot, multiplier, american = (numbers.pop(name) for name in ("spot", *_READERS))
    columns = ChainColumns(
        ticker=format_ticker(terms.root, terms.expiration, terms.is_call, terms.strike),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        strike=terms.strike,
        multiplier=usual_multiplier(terms.root, multiplier),
        american=american,
        **numbers,
    )
    whole = (multiplier >= 1) & (multiplier <= _LARGEST_MULTIPLIER) & (multiplier == np.rint(multiplier))
    usable = np.isnan(multiplier) | whole
    if not usable.all():
        rejected["bad_multiplier"] = int(np.count_nonzero(~usable))
        columns, spot = columns.select(usable), spot[usable]
    return ContractRows(columns, spot, rejected, +refused, _spelled_roots(cells_by_column))


def _spelled_roots(cells_by_column: Cells) -> dict[str, str]:
    names = {spelled(name) for name in cells_by_column.get("underlying", ())}
    return {option_root(name): name for name in names if _CLASS_OF_SHARES.fullmatch(name)}


def _terms(cells_by_column: Cells, symbol: str | None, rejected: Counter[str]) -> tuple[Contracts, Mask]:
    """Return the contracts of the rows that identify one, and the mask of those rows."""
    if "contract" not in cells_by_column:
        return _terms_from_columns(cells_by_column, symbol, rejected)
    tickers = [cell.upper().translate(_PADDING) for cell in cells_by_column["contract"]]
    is_valid = np.ones(len(tickers), dtype=np.bool_)
    try:
        terms = parse_tickers(tickers)
    except BadTickerError as error:
        if len(error.indices) == len(tickers) and "strike" in cells_by_column:
            # The column contains roots or names, not tickers.
            return _terms_from_columns(cells_by_column, symbol, rejected)
        is_valid[list(error.indices)] = False
        rejected["bad_ticker"] += len(error.indices)
        terms = parse_tickers([ticker for ticker, valid in zip(tickers, is_valid, strict=True) if valid])
    agrees = np.ones(len(terms.root), dtype=np.bool_)
    if "strike" in cells_by_column:
        agrees &= np.isclose(cells.numbers(cells_by_column["strike"])[0][is_valid], terms.strike, atol=1e-6)
    if "expiration" in cells_by_column:
        agrees &= cells.days(cells_by_column["expiration"])[is_valid] == terms.expiration
    if "type" in cells_by_column:
        is_call, has_type = (mask[is_valid] for mask in cells.option_types(cells_by_column["type"]))
        agrees &= has_type & (is_call == terms.is_call)
    rejected["contradicts_its_ticker"] += int(np.count_nonzero(~agrees))
    is_valid[is_valid] = agrees
    kept = Contracts(
        terms.root[agrees], terms.expiration[agrees], terms.is_call[agrees], terms.strike[agrees]
    )
    return kept, is_valid


@lru_cache(maxsize=4096)  # the same names in every row
def _root(name: str) -> str:
    """Return the root of an underlying in the file: BRKB for BRK.B or BRK/B. Other texts stay as they are."""
    symbol = spelled(name)
    return option_root(symbol) if _CLASS_OF_SHARES.fullmatch(symbol) else symbol


def _terms_from_columns(
    cells_by_column: Cells, symbol: str | None, rejected: Counter[str]
) -> tuple[Contracts, Mask]:
    is_call, has_type = cells.option_types(cells_by_column["type"])
    expiration, strike = (
        cells.days(cells_by_column["expiration"]),
        cells.numbers(cells_by_column["strike"])[0],
    )
    names = cells_by_column.get("underlying") or (symbol or "",) * len(strike)
    root = np.array([_root(name) for name in names], dtype=np.str_)
    is_valid = np.ones(len(strike), dtype=np.bool_)
    on_grid = (
        (strike >= 0.001) & (strike < 100_000) & np.isclose(np.rint(strike * 1000), strike * 1000, atol=1e-6)
    )
    for reason, is_good in (
        ("not_call_or_put", has_type),
        ("no_expiration", ~np.isnat(expiration) & (expiration >= np.datetime64("2000-01-01"))),
        ("no_strike", on_grid),
        (
            "bad_ticker",
            np.array([name.isalnum() and name.isascii() and len(name) <= 6 for name in root.tolist()]),
        ),
    ):
        rejected[reason] += int(np.count_nonzero(is_valid & ~is_good))
        is_valid &= is_good
    return Contracts(root[is_valid], expiration[is_valid], is_call[is_valid], strike[is_valid]), is_valid
