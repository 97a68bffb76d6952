"""The provider's client, set up from Django's settings: one pace for all workers, the warehouse's clock."""

from __future__ import annotations

from django.conf import settings

from provider.client import MassiveClient
from provider.rate_limit import limiter_for
from warehouse import clock


def massive_client() -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Unauthorized at once without a key."""
    return MassiveClient(
        settings.MASSIVE_BASE_URL,
        settings.MASSIVE_API_KEY,
        limiter_for(settings.MASSIVE_BASE_URL, settings.REDIS_URL, settings.MASSIVE_REQUESTS_PER_SECOND),
        now_ms=clock.now_ms,
    )
