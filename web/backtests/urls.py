"""URLs of the pages of backtests."""

from __future__ import annotations

from django.urls import path

from web.backtests.changes import cancel, resume
from web.backtests.chart_views import show_chart, show_chart_csv
from web.backtests.comparison_page import choose_comparison, show_comparison
from web.backtests.export import export_outcomes, export_records
from web.backtests.list_page import show_backtests, show_rows
from web.backtests.page import show_backtest, show_progress

urlpatterns = [
    path("backtests/", show_backtests, name="backtests"),
    path("backtests/rows.json", show_rows, name="backtest-rows"),
    path("backtests/<int:pk>/", show_backtest, name="backtest"),
    path("backtests/<int:pk>/progress.json", show_progress, name="backtest-progress"),
    path("backtests/<int:pk>/cancel/", cancel, name="backtest-cancel"),
    path("backtests/<int:pk>/resume/", resume, name="backtest-resume"),
    path("backtests/<int:pk>/compare/", choose_comparison, name="backtest-compare"),
    path("backtests/<int:pk>/compare/<int:other>/", show_comparison, name="backtest-comparison"),
    path("backtests/<int:pk>/outcomes.csv", export_outcomes, name="backtest-outcomes"),
    path("backtests/<int:pk>/result.json", export_records, name="backtest-records"),
    path("backtests/<int:pk>/<slug:chart>.json", show_chart, name="backtest-chart"),
    path("backtests/<int:pk>/<slug:chart>.csv", show_chart_csv, name="backtest-chart-csv"),
]
