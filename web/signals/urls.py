"""URLs of the pages of signals."""

from __future__ import annotations

from django.urls import path

from web.signals.chart import show_chart, show_chart_csv
from web.signals.dismiss import dismiss
from web.signals.list_page import show_signals
from web.signals.signal_page import show_signal

urlpatterns = [
    path("signals/", show_signals, name="signals"),
    path("signals/<int:pk>/", show_signal, name="signal"),
    path("signals/<int:pk>/chart.json", show_chart, name="signal-chart"),
    path("signals/<int:pk>/chart.csv", show_chart_csv, name="signal-chart-csv"),
    path("signals/<int:pk>/dismiss/", dismiss, name="signal-dismiss"),
]
