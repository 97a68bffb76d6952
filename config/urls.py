"""URLs of the web process: admin with the dashboard, charts, health and metrics."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from web.admin.row_links import show_row
from web.dashboard.views import show_blocks, show_document
from web.health import show_health, show_live
from web.metrics import show_metrics

handler403 = "web.refusal.show_refusal"
handler404 = "web.refusal.show_not_found"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url=static("web/favicon.svg"))),
    path("dashboard/blocks.json", show_blocks, name="dashboard-blocks"),
    path("dashboard/document.json", show_document, name="dashboard-document"),
    path("row/<str:model>/", show_row, name="row"),
    path("admin/", admin.site.urls),
    path("", include("web.charts.urls")),
    path("", include("web.signals.urls")),
    path("", include("web.backtests.urls")),
    path("", include("web.optimiser.urls")),
    path("api/health", show_health),
    path("api/health/live", show_live),
    path("metrics", show_metrics),
]
