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
        return _list(page.opts.model_name, contract=row.contract_ticker)
    return ""


def row_links(row: Any, user: Any) -> list[tuple[str, str]]:
    """Return words and addresses of the pages that belong to a row, those that the user may view."""
    symbol, contract = str(getattr(row, "symbol", "") or ""), str(getattr(row, "contract_ticker", "") or "")
    found: list[tuple[str, str, str]] = []
    if contract:
        found += [
            ("Contract in the chains", _list("historicalgreeks", contract=contract), "historicalgreeks"),
            ("Trades of the contract", _list("optionsflow", contract=contract), "optionsflow"),
        ]
    if symbol and not symbol.startswith("O:"):
        of_day = {"on": _day(row)} if _day(row) else {}
        found += [
            (f"{symbol} with charts", reverse("symbol", args=[symbol]), "gammaexposure"),
            ("Option chain", _list("historicalgreeks", symbol=symbol, **of_day), "historicalgreeks"),
            ("Gamma", _list("gammaexposure", symbol=symbol, **of_day), "gammaexposure"),
            ("Trades", _list("optionsflow", symbol=symbol, **of_day), "optionsflow"),
            ("IV history", _list("ivpercentile", symbol=symbol), "ivpercentile"),
            ("Bars", _list("historicalbar", symbol=symbol, **of_day), "historicalbar"),
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


def _list(model: str, **query: str) -> str:
    return f"{reverse(f'admin:warehouse_{model}_changelist')}?{urlencode(query)}"
