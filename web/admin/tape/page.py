"""The list of trades, the page of a trade, and the columns that come from the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html

from warehouse.models import OptionsFlow
from web import formats
from web.admin.base import TimedAdmin
from web.admin.row_charts import ChartsOfRow, RowChart, session_query
from web.admin.tape.chain_values import ChainValues, chain_values
from web.admin.tape.summary import SECONDS, read_sums
from web.lists import cells, filters
from web.lists.changelist import KeyedChangeList
from web.lists.table import as_number, with_comment
from web.lists.trades import side_in_words

_SLOT = "of the contract at the last stored slot of the session at or before the trade"
_NO_SLOT = f"{formats.ABSENT} no slot"


@admin.register(OptionsFlow)
class TapeAdmin(ChartsOfRow, TimedAdmin):
    """Classified trades."""

    def row_charts(self, row: OptionsFlow) -> list[RowChart]:
        query = session_query(int(row.timestamp))
        return [RowChart(str(row.symbol), chart, query) for chart in ("trades", "intervals")]

    search_help_text = "symbol or contract, such as SPX or O:SPXW251219C06475000"
    orders = {"timestamp": ("timestamp", "id"), "premium": ("premium_float", "id")}
    symbol_orders = {**orders, "timestamp": ("timestamp", "contract_ticker", "sequence_number")}
    contract_orders = {**orders, "timestamp": ("timestamp", "sequence_number")}
    nullable_orders = ("premium",)
    phone = ("timestamp", "contract_ticker", "kind", "sentiment", "premium")
    presets = (
        ("Largest premium", "order=-premium&recent=24"),
        ("Sweeps above $100 k", "premium=100000&recent=24&trade_type=SWEEP"),
        ("Expiring today", "dte=0&order=-premium&recent=24"),
        ("Unusual volume", "is_unusual_volume=yes&recent=24"),
        ("Blocks", "order=-premium&recent=24&trade_type=BLOCK"),
    )
    list_filter = (
        *(filters.SymbolFilter, filters.ContractFilter, filters.RecentFilter, filters.DateFilter),
        *("trade_type", "sentiment", "side", "option_type", filters.PremiumFilter, filters.ExpiryFilter),
        *(filters.ExpirationFilter, "is_unusual_volume", "is_cancel", "source"),
    )
    list_display = (
        *("timestamp", "symbol", "contract_ticker", "option_type", "kind", "quote_side", "sentiment"),
        *(
            "premium",
            "size",
            "price",
            "quote",
            "iv",
            "delta",
            "dte",
            "underlying_price",
            "size_over_interest",
        ),
        "source",
    )

    def complete_rows(self, rows: Sequence[OptionsFlow]) -> None:
        found = chain_values(rows)
        for row in rows:
            row.at_slot = found.get(row.pk)  # type: ignore[attr-defined]

    def summary(self, request: HttpRequest, changelist: KeyedChangeList) -> str:
        if not changelist.result_list:
            return ""
        context = {"sums": read_sums(changelist), "seconds": SECONDS}
        return render_to_string("web/lists/tape_summary.html", context)

    @with_comment("class of the trade, and whether it is a cancel or canceled")
    @admin.display(description="trade type")
    def kind(self, row: OptionsFlow) -> cells.Text:
        badge = cells.badge(OptionsFlow._meta.get_field("trade_type"), row.trade_type)
        state = "cancel" if row.is_cancel else "canceled" if row.canceled_by is not None else ""
        return format_html("{} {}", badge, state) if state else badge

    @admin.display(description="side")
    def quote_side(self, row: OptionsFlow) -> str:
        return side_in_words(row)

    @as_number
    @admin.display(description="bid × ask")
    def quote(self, row: OptionsFlow) -> str:
        known = row.bid is not None and row.ask is not None
        return f"{formats.price(row.bid)} × {formats.price(row.ask)}" if known else formats.ABSENT

    @as_number
    @with_comment(f"implied volatility {_SLOT}; percent per year")
    @admin.display(description="IV")
    def iv(self, row: OptionsFlow) -> str:
        values = at_slot(row)
        if values is None:
            return _NO_SLOT
        if values.implied_volatility is None:
            return f"{formats.ABSENT} {formats.words(values.iv_status)}"
        return formats.percent(values.implied_volatility, 1)

    @as_number
    @with_comment(f"delta {_SLOT}; dollars per dollar")
    @admin.display(description="delta")
    def delta(self, row: OptionsFlow) -> str:
        values = at_slot(row)
        return formats.number(values.delta if values else None, 2, sign=True)

    @as_number
    @with_comment(f"size of the trade over the open interest {_SLOT}; ratio")
    @admin.display(description="size / OI")
    def size_over_interest(self, row: OptionsFlow) -> Any:
        values = at_slot(row)
        if values is None or values.open_interest is None:
            return formats.ABSENT
        if values.open_interest == 0:
            return f"{formats.ABSENT} OI 0"
        ratio = row.size / values.open_interest
        text = f"{formats.number(ratio, 1)}×" if ratio >= 0.05 else "<0.1×"
        return format_html("<b>{}</b>", text) if ratio > 1 else text


def at_slot(row: OptionsFlow) -> ChainValues | None:
    """Return what `complete_rows` found in the chain, None if there is none."""
    found: ChainValues | None = getattr(row, "at_slot", None)
    return found
