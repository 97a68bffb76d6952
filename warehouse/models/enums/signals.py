"""Enumerations of signals and their lifecycle."""

from __future__ import annotations

from django.db.models import TextChoices


class Direction(TextChoices):
    """Direction that a signal expects."""

    LONG = "LONG"
    SHORT = "SHORT"


class Disposition(TextChoices):
    """Whether a firing counts as a signal. The others are followed to their outcome, but never alerted."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    BELOW_MINIMUM = "BELOW_MINIMUM"


class SignalStyle(TextChoices):
    """Style of trading that a signal suits best."""

    SCALP = "scalp"
    DAY = "day"
    SWING = "swing"


class SignalEventKind(TextChoices):
    """Steps in the life of a signal. The last five end it."""

    ENTERED = "ENTERED"
    TARGET_1 = "TARGET_1"
    TARGET_2 = "TARGET_2"
    TARGET_3 = "TARGET_3"
    CONTEXT = "CONTEXT"
    ALERTED = "ALERTED"
    TARGET_HIT = "TARGET_HIT"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"
    DISMISSED = "DISMISSED"
    NO_DATA = "NO_DATA"


class PatternStatus(TextChoices):
    """Whether a pattern is evaluated."""

    ACTIVE = "active"
    PAUSED = "paused"
    DATA_UNAVAILABLE = "data_unavailable"


class ConfigStatus(TextChoices):
    """State of a set of weights: only one is active."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRED = "retired"


class OptionPriceSource(TextChoices):
    """Where a price of an option comes from: a stored quote, a bar of the contract, or a model."""

    QUOTE = "quote"
    BAR = "bar"
    MODEL = "model"


class BacktestStatus(TextChoices):
    """State of a backtest or an optimisation."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"
