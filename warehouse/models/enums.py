"""Text enumerations. CHECK constraints reject other values."""

from __future__ import annotations

from django.db.models import TextChoices


class OptionType(TextChoices):
    """Right of an option."""

    CALL = "call"
    PUT = "put"


class Source(TextChoices):
    """Origin of a row: ingested live, backfilled from the provider, or imported from a file."""

    LIVE = "live"
    BACKFILL = "backfill"
    IMPORT = "import"


class GreeksSource(TextChoices):
    """Source of delta and gamma."""

    PROVIDER = "provider"
    COMPUTED = "computed"


class IvStatus(TextChoices):
    """Reason why the implied volatility is present or absent."""

    OK = "ok"
    BELOW_INTRINSIC = "below_intrinsic"
    ABOVE_MAXIMUM = "above_maximum"
    NO_QUOTE = "no_quote"
    CROSSED = "crossed"
    WIDE = "wide"
    EXPIRED = "expired"
    NO_UNDERLYING = "no_underlying"
    OTHER_SIDE = "other_side"
    DEEP = "deep"
    ADJUSTED = "adjusted"


class RateSource(TextChoices):
    """Source of an interest rate: own quotes, the curve of another chain, the setting FLAT_RATE, or trades."""

    OWN = "own"
    CURVE = "curve"
    FLAT = "flat"
    TRADES = "trades"


class ForwardQuality(TextChoices):
    """How a forward was found: own quotes, one or two strikes of them, between other expirations, or without quotes."""

    PARITY = "parity"
    FEW_STRIKES = "few_strikes"
    INTERPOLATED = "interpolated"
    ASSUMED = "assumed"


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


class DealerPositioning(TextChoices):
    """Sign of net dealer gamma; NEUTRAL while it is small against the gross."""

    LONG_GAMMA = "LONG_GAMMA"
    SHORT_GAMMA = "SHORT_GAMMA"
    NEUTRAL = "NEUTRAL"


class ExpectedBehavior(TextChoices):
    """Expected behavior of the underlying by dealer gamma."""

    PINNING = "PINNING"
    TRENDING = "TRENDING"
    VOLATILE = "VOLATILE"
    RANGE_BOUND = "RANGE_BOUND"


class FlipStatus(TextChoices):
    """Why a snapshot has a flip, or none: no zero within 20 percent of spot, signs of profile and net, no profile."""

    FOUND = "found"
    NO_ROOT = "no_root"
    DISAGREES = "disagrees"
    NO_PROFILE = "no_profile"


class ExpirationBucket(TextChoices):
    """Calendar days to expiration: 0, 1 to 7, 8 to 30, more."""

    ZERO_DTE = "ZERO_DTE"
    WEEK = "WEEK"
    MONTH = "MONTH"
    REST = "REST"


class OpenInterestSource(TextChoices):
    """Source of open interest; backfilled chains have only volumes."""

    PROVIDER = "provider"
    VOLUME_PROXY = "volume_proxy"


class SpotSource(TextChoices):
    """Source of spot: the chain itself, a snapshot, put-call parity, bars (backfill), a file (import), or none."""

    CHAIN = "chain"
    SNAPSHOT = "snapshot"
    PARITY = "parity"
    BARS = "bars"
    FILE = "file"
    NONE = "none"


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


class GapStatus(TextChoices):
    """Status of a gap in the stream."""

    OPEN = "OPEN"
    REPAIRED = "REPAIRED"
    UNREPAIRABLE = "UNREPAIRABLE"
