"""Columns of trades."""

from __future__ import annotations

from django.db.models import TextChoices


class TradeType(TextChoices):
    """Class of a trade."""

    SWEEP = "SWEEP"
    BLOCK = "BLOCK"
    SPLIT = "SPLIT"
    LARGE = "LARGE"
    REGULAR = "REGULAR"


class Sentiment(TextChoices):
    """Direction of the underlying that a trade expects."""

    BULLISH = "BULLISH"
    BEARISH = "BEARISH"
    NEUTRAL = "NEUTRAL"


class Aggressiveness(TextChoices):
    """Position of the trade price relative to the quote."""

    PASSIVE = "PASSIVE"
    NORMAL = "NORMAL"
    AGGRESSIVE = "AGGRESSIVE"


class Side(TextChoices):
    """Side that took liquidity, by the quote rule; null without a fresh quote."""

    BUY = "buy"
    SELL = "sell"


class QuoteSource(TextChoices):
    """Origin of a trade's quote, or the state of the request for it."""

    STREAM = "stream"
    REST = "rest"
    WANTED = "wanted"  # is to be fetched
    ABSENT = "absent"  # was fetched, but no quote was as new as the classification needs
