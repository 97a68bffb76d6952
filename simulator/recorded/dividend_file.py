"""Reader of the cash dividends beside a recorded quote table: `quotes.dividends.csv` for `quotes.csv`.

The columns are ex_date, cash_amount and optionally declaration_date: dates as YYYY-MM-DD, amounts in dollars per share.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import NamedTuple

_COLUMNS, _OPTIONAL = ("ex_date", "cash_amount"), "declaration_date"


class NotAQuoteTable(ValueError):
    """The file is not a quote table, or not one of dividends. The message is one sentence for the user."""


class DeclaredDividend(NamedTuple):
    """One cash dividend, dollars per share; `declared` is None if the file does not state it."""

    ex_date: dt.date
    amount: float
    declared: dt.date | None = None


def dividends_beside(chain: Path) -> tuple[DeclaredDividend, ...]:
    """Return the dividends in the file beside a quote table, ascending by ex-date; none without such a file.

    Raises NotAQuoteTable with a one-sentence message for a file that cannot be read.
    """
    path = chain.with_name(f"{chain.name.removesuffix('.csv')}.dividends.csv")
    if not path.exists():
        return ()
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAQuoteTable(f"cannot read {path}: {error}") from error
    reader = csv.DictReader(lines, skipinitialspace=True, restval="")
    names = reader.fieldnames or ()
    if not set(_COLUMNS) <= set(names):
        raise NotAQuoteTable(f"{path} has no columns {', '.join(_COLUMNS)} (and optionally {_OPTIONAL})")
    found = []
    for row in reader:
        try:
            found.append(_dividend(row))
        except ValueError as error:
            raise NotAQuoteTable(f"{path}, line {reader.line_num}: {error}") from error
    return tuple(sorted(found, key=lambda one: one.ex_date))


def _dividend(row: dict[str, str]) -> DeclaredDividend:
    amount, declared = float(row["cash_amount"]), row.get(_OPTIONAL) or ""
    if not 0 < amount < float("inf"):
        raise ValueError(f"{row['cash_amount']!r} is not an amount of dollars")
    ex_date = dt.date.fromisoformat(row["ex_date"].strip())
    return DeclaredDividend(
        ex_date, amount, dt.date.fromisoformat(declared.strip()) if declared.strip() else None
    )
