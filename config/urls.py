"""URLs of the web process: admin, charts, health and metrics."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from web.health import show_health, show_live
from web.metrics import show_metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url=static("web/favicon.svg"))),
    path("admin/", admin.site.urls),
    path("", include("web.charts.urls")),
    path("api/health", show_health),
    path("api/health/live", show_live),
    path("metrics", show_metrics),
]
