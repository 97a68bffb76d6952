"""Columns of chains and gamma."""

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


class ExerciseStyle(TextChoices):
    """When an option can be exercised."""

    AMERICAN = "american"
    EUROPEAN = "european"


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
    UNCERTAIN = "uncertain"
    INTERPOLATED = "interpolated"
    ASSUMED = "assumed"


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
