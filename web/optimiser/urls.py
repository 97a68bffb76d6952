"""URLs of the pages of the optimiser."""

from __future__ import annotations

from django.urls import path

from web.optimiser.changes import cancel, resume
from web.optimiser.chart_views import show_chart, show_chart_csv
from web.optimiser.list_page import show_optimizations, show_rows
from web.optimiser.page import export_result, show_optimization, show_progress
from web.optimiser.promote import promote, restore, restore_default

urlpatterns = [
    path("optimiser/", show_optimizations, name="optimizations"),
    path("optimiser/rows.json", show_rows, name="optimization-rows"),
    path("optimiser/weights/default/restore/", restore_default, name="weights-default"),
    path("optimiser/weights/<int:pk>/restore/", restore, name="weights-restore"),
    path("optimiser/<int:pk>/", show_optimization, name="optimization"),
    path("optimiser/<int:pk>/progress.json", show_progress, name="optimization-progress"),
    path("optimiser/<int:pk>/cancel/", cancel, name="optimization-cancel"),
    path("optimiser/<int:pk>/resume/", resume, name="optimization-resume"),
    path("optimiser/<int:pk>/promote/", promote, name="optimization-promote"),
    path("optimiser/<int:pk>/result.json", export_result, name="optimization-result"),
    path("optimiser/<int:pk>/<slug:chart>.json", show_chart, name="optimization-chart"),
    path("optimiser/<int:pk>/<slug:chart>.csv", show_chart_csv, name="optimization-chart-csv"),
]
