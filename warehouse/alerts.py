"""Alerts: one sentence posted to a webhook as `{"content": …}`, the format of Discord.

Each kind of alert has a period, kept in Redis for all processes. A problem that lasts is sent once per period, and
events that were suppressed are counted in the next alert. An unavailable webhook only writes a log line; it never
fails the task that sends the alert. The address is a secret and is never logged.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Protocol

import httpx
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from quant.contracts import parse_tickers
from warehouse.models.enums import TradeType

logger = logging.getLogger(__name__)

LONGEST = 2000  # characters, Discord's limit
UNUSUAL_PREMIUM = Decimal(100_000)  # dollars
MOST_TRADES = 5
_TIMEOUT_SECONDS = 5.0
_AWAY_KEY = "warehouse:alerts:webhook_away"
_AWAY_SECONDS = 50  # shorter than the minute between two health checks


class Kind(Enum):
    """Kind of an alert: name, period in seconds, and whether suppressed alerts are counted as separate events.

    A lasting state is suppressed at every check, so its suppressed alerts are not counted.
    """

    UNUSUAL_ACTIVITY = ("unusual_activity", 60, True)
    STALE_FEED = ("stale_feed", 30 * 60, False)
    # Longer than the two weeks in which jobs after a close are tried again, so once per job and session.
    FAILED_JOB = ("failed_job", 15 * 86_400, False)
    OVERDUE_JOB = ("overdue_job", 15 * 86_400, False)
    CALENDAR = ("calendar", 7 * 86_400, False)
    SILENT_WORKER = ("silent_worker", 30 * 60, False)
    REPLAY = ("replay", 86_400, False)
    SIGNAL = ("signal", 86_400, False)  # each is sent once; its steps are stored

    def __init__(self, label: str, period_seconds: int, counted: bool) -> None:
        self.label = label
        self.period_seconds = period_seconds
        self.counted = counted


class Trade(Protocol):
    """Columns of a stored trade or sweep that alerts use."""

    @property
    def symbol(self) -> str: ...
    @property
    def contract_ticker(self) -> str: ...
    @property
    def trade_type(self) -> str | None: ...
    @property
    def sentiment(self) -> str | None: ...
    @property
    def premium(self) -> Decimal | None: ...
    @property
    def size(self) -> int: ...


def send(kind: Kind, text: str, subject: str = "") -> bool:
    """Post `text` unless an alert of the same kind and subject was posted within the period; return whether it was.

    Nothing is sent without ALERT_WEBHOOK_URL. When Redis is unavailable the alert is sent, possibly twice.
    """
    if not settings.ALERT_WEBHOOK_URL:
        return False
    with _redis() as client:
        held_back = _take_turn(client, kind, subject)
        if held_back is None:
            return False
        more = f" (and {held_back} more since the last alert of this kind)" if held_back else ""
        mark = "SIMULATED: " if settings.SIMULATED else ""
        wait_seconds = _post(f"{mark}{text}"[: LONGEST - len(more)] + more)
        if wait_seconds is not None:
            _undelivered(client, kind, subject, wait_seconds)
        return wait_seconds is None


def unusual_activity(trades: Iterable[Trade], least_premium: Decimal = UNUSUAL_PREMIUM) -> bool:
    """Send one alert about the sweeps of at least `least_premium` dollars, largest first.

    Call it after the trades are stored. Returns whether it was posted; at most one alert a minute is.
    """
    sweeps = [
        found
        for found in trades
        if found.trade_type == TradeType.SWEEP
        and found.premium is not None
        and found.premium >= least_premium
    ]
    if not sweeps:
        return False
    sweeps.sort(key=lambda found: found.premium or 0, reverse=True)
    lines = [_sentence(found) for found in sweeps[:MOST_TRADES]]
    if len(sweeps) > MOST_TRADES:
        lines.append(f"and {len(sweeps) - MOST_TRADES} more sweeps of ${least_premium:,.0f} or more")
    return send(Kind.UNUSUAL_ACTIVITY, "\n".join(lines))


def _sentence(found: Trade) -> str:
    terms = parse_tickers([found.contract_ticker])
    side = "call" if terms.is_call[0] else "put"
    return (
        f"{found.symbol} sweep, {found.sentiment or 'sentiment unknown'}: {found.size:,} x {terms.expiration[0]}"
        f" {terms.strike[0]:g} {side}, ${found.premium:,.0f}"
    )


def _take_turn(client: redis.Redis, kind: Kind, subject: str) -> int | None:
    """Return how many alerts were suppressed since the last one, or None when this one is suppressed too."""
    key = _key(kind, subject)
    try:
        if not client.exists(_AWAY_KEY) and client.set(key, 1, nx=True, ex=kind.period_seconds):
            return int(client.getdel(f"{key}:held") or 0)
        if kind.counted:
            client.incr(f"{key}:held")
    except redis.RedisError as error:
        logger.warning(
            "the alert is sent without a rate limit, because Redis is unavailable (%s)", type(error).__name__
        )
        return 0
    return None


def _undelivered(client: redis.Redis, kind: Kind, subject: str, wait_seconds: int) -> None:
    """Allow the alert again, and do not use the webhook for a while, because each use would wait for its timeout."""
    try:
        client.delete(_key(kind, subject))
        client.set(_AWAY_KEY, 1, ex=wait_seconds)
    except redis.RedisError as error:
        logger.warning(
            "the alert is sent without a rate limit, because Redis is unavailable (%s)", type(error).__name__
        )


def _post(content: str) -> int | None:
    """Post a text; return None if it was accepted, else after how many seconds the webhook may be used again."""
    try:
        answer = httpx.post(
            settings.ALERT_WEBHOOK_URL,
            # Text of the provider must not mention all members of the channel.
            json={"content": content, "allowed_mentions": {"parse": []}},
            timeout=_TIMEOUT_SECONDS,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.error("alert not delivered (%s): %s", type(error).__name__, content)
        return _AWAY_SECONDS
    if answer.is_success:
        return None
    logger.error("alert not delivered (HTTP %s): %s", answer.status_code, content)
    return _retry_after(answer) if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else _AWAY_SECONDS


def _retry_after(answer: httpx.Response) -> int:
    """Return the seconds that a webhook asks to wait, for all of its messages; at least one, at most an hour."""
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return _AWAY_SECONDS
    return max(1, min(3600, math.ceil(seconds))) if math.isfinite(seconds) else _AWAY_SECONDS


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )


def _key(kind: Kind, subject: str) -> str:
    return f"warehouse:alerts:{kind.label}:{subject}"
