"""Settings of unfold, the theme of the admin: styles, colours, sidebar and front page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def _file(name: str) -> Callable[[HttpRequest], str]:
    """Return a function that gives the address of a static file, for which all settings must have been read."""
    return lambda request: static(f"web/{name}")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Options warehouse",
    "SITE_HEADER": "Options warehouse",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("favicon.svg")}],
    "SITE_ICON": _file("favicon.svg"),
    "ENVIRONMENT": "web.admin.navigation.environment",
    "STYLES": [_file("tokens.css"), _file("frame.css"), _file("admin.css")],
    "SCRIPTS": [_file("admin.js")],
    "SIDEBAR": {"navigation": "web.admin.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "web.dashboard.views.add_dashboard",
    # On dark backgrounds unfold uses 500 for text and links, on light ones 600.
    "COLORS": {
        "primary": {
            "50": "#F8F5FD",
            "100": "#F1EBFB",
            "200": "#E4D9F7",
            "300": "#D2C0F5",
            "400": "#C3ABF4",
            "500": "#B79BF2",
            "600": "#6B3FB8",
            "700": "#5A349C",
            "800": "#4A2B80",
            "900": "#3A2265",
            "950": "#2A2340",
        }
    },
}
