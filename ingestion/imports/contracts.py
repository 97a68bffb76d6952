"""Rows of a snapshot as checked columns. A row that is no contract is left out and counted by its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.chain_columns import ChainColumns, Checked, check_columns
from ingestion.chains.spot import Spot
from ingestion.imports import cells
from quant.chain import Floats
from quant.contracts import SHARES_PER_CONTRACT, BadTickerError, Contracts, format_ticker, parse_tickers

_NUMBERS = (
    *("bid", "ask", "last", "volume", "open_interest"),
    *("delta", "gamma", "theta", "vega", "implied_volatility"),
)
_PADDED = str.maketrans("", "", " .")  # OCC symbols pad the root; some files write a point before the date

Cells = Mapping[str, Sequence[str]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """The contracts of a snapshot before they are told apart by underlying, all of shape (n,) or by column."""

    columns: ChainColumns
    spot: Floats
    rejected: Counter[str]
    refused: Counter[str]  # cells that are no number, by column

    def of(self, wanted: Mask, roots: Iterable[str]) -> tuple[Checked, Spot | None]:
        """The wanted contracts, checked as the live chain is, and the price of their underlying where it is given."""
        checked = check_columns(self.columns.select(wanted), roots, self.rejected)
        checked.refused.update(self.refused)
        known = self.spot[wanted]
        known = known[known > 0]
        return checked, Spot(float(np.median(known)), "file") if len(known) else None

    def counted(self) -> Rows:
        """The same contracts without the counts, which belong to one underlying of them."""
        return replace(self, rejected=Counter(), refused=Counter())


def read_contracts(found: Cells, symbol: str | None, cut: Counter[str]) -> Rows:
    """Makes contracts of the rows, by their tickers where they have some, else by type, expiration and strike.

    `cut` are the rows left out before. Reasons: bad_ticker, not_call_or_put, no_expiration, no_strike,
    contradicts_its_ticker.
    """
    terms, fits = _terms(found, symbol, rejected := Counter(cut))
    numbers: dict[str, Floats] = {}
    refused: Counter[str] = Counter()
    for name in (*_NUMBERS, "spot"):
        values, unreadable = cells.numbers(found[name]) if name in found else (np.full(len(fits), np.nan), 0)
        numbers[name] = values[fits]
        refused[f"unreadable_{name}"] = unreadable
    spot = numbers.pop("spot")
    columns = ChainColumns(
        ticker=format_ticker(terms.root, terms.expiration, terms.is_call, terms.strike),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        strike=terms.strike,
        multiplier=np.full(len(spot), SHARES_PER_CONTRACT),
        **numbers,
    )
    return Rows(columns, spot, rejected, +refused)


def _terms(found: Cells, symbol: str | None, rejected: Counter[str]) -> tuple[Contracts, Mask]:
    """The contracts of the rows that name one, and which rows those are."""
    if "contract" not in found:
        return _composed(found, symbol, rejected)
    tickers = [cell.upper().translate(_PADDED) for cell in found["contract"]]
    fits = np.ones(len(tickers), dtype=np.bool_)
    try:
        terms = parse_tickers(tickers)
    except BadTickerError as error:
        if len(error.indices) == len(tickers) and "strike" in found:
            return _composed(found, symbol, rejected)  # the column holds roots or names, not tickers
        fits[list(error.indices)] = False
        rejected["bad_ticker"] += len(error.indices)
        terms = parse_tickers([ticker for ticker, fit in zip(tickers, fits, strict=True) if fit])
    agrees = np.ones(len(terms.root), dtype=np.bool_)
    if "strike" in found:
        agrees &= np.isclose(cells.numbers(found["strike"])[0][fits], terms.strike, atol=1e-6)
    if "expiration" in found:
        agrees &= cells.days(found["expiration"])[fits] == terms.expiration
    if "type" in found:
        is_call, known = (answer[fits] for answer in cells.kinds(found["type"]))
        agrees &= known & (is_call == terms.is_call)
    rejected["contradicts_its_ticker"] += int(np.count_nonzero(~agrees))
    fits[fits] = agrees
    kept = Contracts(
        terms.root[agrees], terms.expiration[agrees], terms.is_call[agrees], terms.strike[agrees]
    )
    return kept, fits


def _composed(found: Cells, symbol: str | None, rejected: Counter[str]) -> tuple[Contracts, Mask]:
    is_call, known = cells.kinds(found["type"])
    expiration, strike = cells.days(found["expiration"]), cells.numbers(found["strike"])[0]
    names = found.get("underlying") or (symbol or "",) * len(strike)
    root = np.array([name.strip().upper().lstrip("^$") for name in names], dtype=np.str_)
    fits = np.ones(len(strike), dtype=np.bool_)
    on_grid = (
        (strike >= 0.001) & (strike < 100_000) & np.isclose(np.rint(strike * 1000), strike * 1000, atol=1e-6)
    )
    for reason, good in (
        ("not_call_or_put", known),
        ("no_expiration", ~np.isnat(expiration) & (expiration >= np.datetime64("2000-01-01"))),
        ("no_strike", on_grid),
        (
            "bad_ticker",
            np.array([name.isalnum() and name.isascii() and len(name) <= 6 for name in root.tolist()]),
        ),
    ):
        rejected[reason] += int(np.count_nonzero(fits & ~good))
        fits &= good
    return Contracts(root[fits], expiration[fits], is_call[fits], strike[fits]), fits
