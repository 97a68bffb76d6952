"""Columns of sessions: volatility and market regime."""

from __future__ import annotations

from django.db.models import TextChoices


class IvRegime(TextChoices):
    """Class of an IV percentile."""

    EXTREMELY_LOW = "EXTREMELY_LOW"
    LOW = "LOW"
    NORMAL = "NORMAL"
    ELEVATED = "ELEVATED"
    HIGH = "HIGH"
    EXTREMELY_HIGH = "EXTREMELY_HIGH"


class IvTrend(TextChoices):
    """Change of the 5-session mean of volatility against the 20-session mean."""

    EXPANDING = "EXPANDING"
    STABLE = "STABLE"
    CONTRACTING = "CONTRACTING"


class IvRecommendation(TextChoices):
    """Recommendation by IV percentile and volatility ramp."""

    BUY_PREMIUM = "BUY_PREMIUM"
    NEUTRAL = "NEUTRAL"
    SELL_PREMIUM = "SELL_PREMIUM"
    WAIT_FOR_IV_DROP = "WAIT_FOR_IV_DROP"


class VixSource(TextChoices):
    """Source of a VIX: open-close endpoint, daily bar, 15-minute bar that ends at the session's close, snapshot."""

    OFFICIAL_CLOSE = "official_close"
    DAILY_BAR = "daily_bar"
    BAR_AT_CLOSE = "bar_at_close"
    SNAPSHOT = "snapshot"


class PutCallRegime(TextChoices):
    """Class of a put/call ratio among those of earlier sessions."""

    EXTREME_GREED = "EXTREME_GREED"
    GREED = "GREED"
    NEUTRAL = "NEUTRAL"
    FEAR = "FEAR"
    EXTREME_FEAR = "EXTREME_FEAR"


class PutCallStatus(TextChoices):
    """Why a put/call percentile is known or not: no volume of calls, fewer than 60 known earlier sessions."""

    OK = "ok"
    NO_VOLUME = "no_volume"
    TOO_FEW_SESSIONS = "too_few_sessions"


class VarianceStatus(TextChoices):
    """Quality of a variance index: whole, truncated strips, no strip on one side of 30 days, no strip at all."""

    OK = "ok"
    TRUNCATED = "truncated"
    NO_BRACKET = "no_bracket"
    NO_QUOTES = "no_quotes"


class StripCut(TextChoices):
    """Why a strip of quotes ends."""

    TWO_ZERO_BIDS = "two_zero_bids"
    END_OF_LIST = "end_of_list"


class RealizedStatus(TextChoices):
    """Whether realized volatility is known: a daily bar of the 21 sessions may be missing."""

    OK = "ok"
    NO_BARS = "no_bars"


class VixRegime(TextChoices):
    """Class of a VIX level."""

    EXTREMELY_LOW = "EXTREMELY_LOW"
    LOW = "LOW"
    NORMAL = "NORMAL"
    ELEVATED = "ELEVATED"
    HIGH = "HIGH"
    EXTREME = "EXTREME"


class TermStructure(TextChoices):
    """Class of the slope between two volatilities of different terms."""

    FEAR = "FEAR"
    NORMAL = "NORMAL"
    COMPLACENCY = "COMPLACENCY"


class BreadthRegime(TextChoices):
    """Class of market breadth."""

    EXTREMELY_BEARISH = "EXTREMELY_BEARISH"
    BEARISH = "BEARISH"
    NEUTRAL = "NEUTRAL"
    BULLISH = "BULLISH"
    EXTREMELY_BULLISH = "EXTREMELY_BULLISH"


class MarketRegime(TextChoices):
    """Regime of a session."""

    CAPITULATION = "CAPITULATION"
    EUPHORIA = "EUPHORIA"
    BREAKDOWN = "BREAKDOWN"
    BREAKOUT = "BREAKOUT"
    STRONG_UPTREND = "STRONG_UPTREND"
    STRONG_DOWNTREND = "STRONG_DOWNTREND"
    WEAK_UPTREND = "WEAK_UPTREND"
    WEAK_DOWNTREND = "WEAK_DOWNTREND"
    RANGE_BOUND = "RANGE_BOUND"
    CHOPPY = "CHOPPY"


class SurfaceDelta(TextChoices):
    """Deltas of a volatility surface."""

    PUT_10 = "10P"
    PUT_25 = "25P"
    MIDDLE = "50"
    CALL_25 = "25C"
    CALL_10 = "10C"
