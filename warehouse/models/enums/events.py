"""Enumerations of market events."""

from __future__ import annotations

from django.db.models import TextChoices


class EventKind(TextChoices):
    """What happens. The first is of one stock; the others are of the whole market."""

    EARNINGS = "EARNINGS"
    FOMC = "FOMC"
    CPI = "CPI"
    JOBS = "JOBS"
    ELECTION = "ELECTION"
    OTHER = "OTHER"


class EventTiming(TextChoices):
    """When it happens, by the exchange's session of its date."""

    BEFORE_OPEN = "BEFORE_OPEN"
    DURING = "DURING"
    AFTER_CLOSE = "AFTER_CLOSE"
    UNKNOWN = "UNKNOWN"


class EventCertainty(TextChoices):
    """Whether the date was announced, or estimated from earlier ones."""

    CONFIRMED = "CONFIRMED"
    ESTIMATED = "ESTIMATED"
