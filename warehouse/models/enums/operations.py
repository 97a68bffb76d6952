"""Columns of bars, corporate actions, the watchlist and operations."""

from __future__ import annotations

from django.db.models import TextChoices


class Timeframe(TextChoices):
    """Length of a bar."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER_HOUR = "15m"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    DAY = "1d"
    WEEK = "1w"


class ActionKind(TextChoices):
    """Kind of a corporate action."""

    SPLIT = "split"
    CASH_DIVIDEND = "cash_dividend"


class UnderlyingKind(TextChoices):
    """Kind of an underlying."""

    INDEX = "index"
    ETF = "etf"
    STOCK = "stock"


class RunStatus(TextChoices):
    """Status of a run."""

    STARTED = "STARTED"
    DONE = "DONE"
    FAILED = "FAILED"


class WorkerStatus(TextChoices):
    """Status in a heartbeat."""

    STARTING = "starting"
    HEALTHY = "healthy"
    IDLE = "idle"
    DEGRADED = "degraded"
    STOPPING = "stopping"


class RepairOutcome(TextChoices):
    """State of one contract in the repair of a gap."""

    WAITING = "waiting"
    ASKED = "asked"
    REFUSED = "refused"


class GapStatus(TextChoices):
    """Status of a gap in the stream."""

    OPEN = "OPEN"
    REPAIRED = "REPAIRED"
    UNREPAIRABLE = "UNREPAIRABLE"
