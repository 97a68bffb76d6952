"""URLs of the pages of a symbol, of the watch lists of volatility and of the documents of its charts."""

from __future__ import annotations

from django.urls import path

from web.charts.views import (
    market_csv,
    market_document,
    symbol_csv,
    symbol_document,
    symbol_page,
    symbols,
    volatility_page,
)
from web.volatility.views import volatility_lists

urlpatterns = [
    path("symbol/", symbols, name="symbols"),
    path("symbol/<str:symbol>/", symbol_page, name="symbol"),
    path("symbol/<str:symbol>/volatility/", volatility_page, name="volatility"),
    path("volatility/", volatility_lists, name="volatility-lists"),
    path("symbol/<str:symbol>/<slug:chart>.json", symbol_document, name="chart-document"),
    path("symbol/<str:symbol>/<slug:chart>.csv", symbol_csv, name="chart-csv"),
    path("market/<slug:chart>.json", market_document, name="market-document"),
    path("market/<slug:chart>.csv", market_csv, name="market-csv"),
]
