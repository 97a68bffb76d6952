"""Links between a row and the pages of its symbol, chain, contract and session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from quant import sessions
from warehouse import clock


def cell_link(page: Any, column: str, row: Any, watched: set[str]) -> str:
    """Return where a cell of a list leads, empty if nowhere: a symbol to its page, a contract to its history."""
    if column == "symbol" and row.symbol in watched:
        return reverse("symbol", args=[row.symbol])
    if column == "contract_ticker" and any(
        getattr(one, "parameter_name", "") == "contract" for one in page.list_filter
    ):
        return list_address(page.opts.model_name, contract=row.contract_ticker)
    return ""


def row_links(row: Any, user: Any) -> list[tuple[str, str]]:
    """Return words and addresses of the pages that belong to a row, those that the user may view."""
    symbol, contract = str(getattr(row, "symbol", "") or ""), str(getattr(row, "contract_ticker", "") or "")
    found: list[tuple[str, str, str]] = []
    if contract:
        found += [
            (
                "Contract in the chains",
                list_address("historicalgreeks", contract=contract),
                "historicalgreeks",
            ),
            ("Trades of the contract", list_address("optionsflow", contract=contract), "optionsflow"),
        ]
    if symbol and not symbol.startswith("O:"):
        of_day = {"on": _day(row)} if _day(row) else {}
        found += [
            (f"{symbol} with charts", reverse("symbol", args=[symbol]), "gammaexposure"),
            ("Option chain", list_address("historicalgreeks", symbol=symbol, **of_day), "historicalgreeks"),
            ("Gamma", list_address("gammaexposure", symbol=symbol, **of_day), "gammaexposure"),
            ("Trades", list_address("optionsflow", symbol=symbol, **of_day), "optionsflow"),
            ("IV history", list_address("ivpercentile", symbol=symbol), "ivpercentile"),
            ("Bars", list_address("historicalbar", symbol=symbol, **of_day), "historicalbar"),
        ]
    if isinstance(user, AnonymousUser):
        return []
    return [(words, address) for words, address, model in found if user.has_perm(f"warehouse.view_{model}")]


def _day(row: Any) -> str:
    """Return the New York date of a row in ISO form, empty for a row without time."""
    at_ms = getattr(row, "timestamp", None) or getattr(row, "slot", None)
    if at_ms is None:
        return str(getattr(row, "date", "") or "")
    return sessions.new_york_date(clock.instant(at_ms)).isoformat()


def list_address(model: str, **query: Any) -> str:
    """Return the address of the list of a model of the warehouse, filtered by the query."""
    address = reverse(f"admin:warehouse_{model}_changelist")
    return f"{address}?{urlencode(query)}" if query else address
