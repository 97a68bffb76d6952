"""The provider, as ingestion asks it."""

from __future__ import annotations

from django.conf import settings

from provider.client import MassiveClient
from provider.connect import connected
from warehouse import clock


def massive_client() -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Unauthorized at once without a key."""
    return connected(settings, clock.now_ms)
