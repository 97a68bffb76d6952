"""The durable inbox in Redis. It holds each batch until the rows of the batch are committed.

Celery on Redis can lose a message when a worker is killed, even with late acknowledgement: the broker removes the
message from the queue and records it as unacknowledged in two separate steps. So a message contains only the id of
a batch, and losing or duplicating it is harmless. The payload stays in the inbox, and the sweeper sends the id again.

Each change is one Lua script, so payload, index and byte count always agree. Ages use the server's clock, which
consumers and workers on several machines share.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import redis

_ROOT: Final = "warehouse:inbox"
_FEEDS: Final = f"{_ROOT}:feeds"
_NOW: Final = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000); "

# Keys of a feed: index (id by time of arrival), due (id by the time from which the sweeper may send it again), sweeps
# and failures (counts by id), bytes (total of the payloads), feeds (set of all feeds), times (id by the time of its
# earliest trade), puts (number of batches ever put: a restarted server with a lower number has lost some).
_PUT: Final = (
    _NOW
    + """
redis.call('SADD', KEYS[7], ARGV[3])
if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('INCRBY', KEYS[6], #ARGV[2])
redis.call('ZADD', KEYS[8], ARGV[4], ARGV[1])
redis.call('INCR', KEYS[9])
return 1
"""
)
_DONE: Final = """
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('DECRBY', KEYS[6], redis.call('STRLEN', KEYS[1]))
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('ZREM', KEYS[8], ARGV[1])
return 1
"""
_FAILED: Final = """
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
return redis.call('HINCRBY', KEYS[5], ARGV[1], 1)
"""
# The wait before the next sweep of an id doubles with each sweep, up to a limit.
_SWEEP: Final = (
    _NOW
    + """
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[1])) do
    local due = redis.call('ZSCORE', KEYS[3], id)
    if #taken < tonumber(ARGV[3]) and (not due or tonumber(due) <= now) then
        local wait = ARGV[1] * 2 ^ math.min(redis.call('HINCRBY', KEYS[4], id, 1), 30)
        redis.call('ZADD', KEYS[3], now + math.min(wait, tonumber(ARGV[2])), id)
        taken[#taken + 1] = id
    end
end
return taken
"""
)


class Inbox:
    """The inbox of one feed.

    Every method may raise `redis.RedisError`. A put that raised must be repeated.
    """

    def __init__(self, redis_client: redis.Redis, feed: str) -> None:
        self.feed = feed
        self._redis: Any = redis_client
        at = f"{_ROOT}:{feed}"
        self._index, self._bytes = f"{at}:index", f"{at}:bytes"
        self._times, self._puts = f"{at}:times", f"{at}:puts"
        self._more = [self._index, f"{at}:due", f"{at}:sweeps", f"{at}:failures", self._bytes, _FEEDS]
        self._more += [self._times, self._puts]

    def put(self, batch_id: str, payload: bytes, from_ms: int = 0) -> bool:
        """Store a batch and return True, or change nothing and return False when the id is already stored.

        `from_ms` is the exchange time of its earliest trade, epoch ms.
        """
        return bool(self._run(_PUT, batch_id, payload, self.feed, from_ms))

    def get(self, batch_id: str) -> bytes | None:
        """Return the payload, or None when its rows are committed or the batch became a dead letter."""
        payload: bytes | None = self._redis.get(_payload(batch_id))
        return payload

    def done(self, batch_id: str) -> bool:
        """Delete a batch after the commit of its rows. Return False when it was already deleted."""
        return bool(self._run(_DONE, batch_id))

    def count_failure(self, batch_id: str) -> int:
        """Count one failed attempt and return the number of failed attempts, 0 for a batch that is not stored."""
        return int(self._run(_FAILED, batch_id))

    def waiting(self, older_than_seconds: float = 0.0) -> list[str]:
        """Return the ids of batches that are older than this, oldest first."""
        until = self._now_ms() - round(older_than_seconds * 1000)
        return [member.decode() for member in self._redis.zrangebyscore(self._index, "-inf", until)]

    def sweep(
        self, older_than_seconds: float, longest_seconds: float = 120.0, most: int = 10_000
    ) -> list[str]:
        """Return the ids whose message should be sent again, oldest first.

        These are older than `older_than_seconds` and were not swept recently: the wait between two sweeps of an id
        doubles each time, up to `longest_seconds`.
        """
        limits = (round(older_than_seconds * 1000), round(longest_seconds * 1000), most)
        return [member.decode() for member in self._run(_SWEEP, "", *limits)]

    def size(self) -> int:
        """Return the number of batches."""
        return int(self._redis.zcard(self._index))

    def earliest_ms(self) -> int | None:
        """Return the exchange time of the earliest trade in the inbox, None when the inbox is empty."""
        first = self._redis.zrange(self._times, 0, 0, withscores=True)
        return int(first[0][1]) if first else None

    def put_count(self) -> int:
        """Return the number of batches ever put, according to the server's memory."""
        return int(self._redis.get(self._puts) or 0)

    def bytes(self) -> int:
        """Return the total bytes of the payloads."""
        return int(self._redis.get(self._bytes) or 0)

    def oldest_age_seconds(self) -> float:
        """Return the age of the oldest batch, 0 when the inbox is empty."""
        oldest = self._redis.zrange(self._index, 0, 0, withscores=True)
        return max(0.0, (self._now_ms() - oldest[0][1]) / 1000) if oldest else 0.0

    def _run(self, script: str, batch_id: str, *arguments: Any) -> Any:
        keys = [_payload(batch_id), *self._more]
        first = [batch_id] if batch_id else []
        return self._redis.eval(script, len(keys), *keys, *first, *arguments)

    def _now_ms(self) -> int:
        seconds, microseconds = self._redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000


def feed_of(batch_id: str) -> str:
    """Return the feed of a batch id `feed:boot:sequence`. Raises ValueError for an id of another form."""
    feed, *rest = batch_id.rsplit(":", 2)
    if not feed or len(rest) != 2:
        raise ValueError(f"a batch id has the form feed:boot:sequence, not {batch_id!r}")
    return feed


def inbox_of(redis_client: redis.Redis, batch_id: str) -> Inbox:
    """Return the inbox of a batch id. Raises ValueError for an id of another form."""
    return Inbox(redis_client, feed_of(batch_id))


def inboxes(redis_client: redis.Redis) -> Iterable[Inbox]:
    """Return the inboxes of all feeds that ever had a batch, sorted by name."""
    members: Any = redis_client.smembers(_FEEDS)
    return [Inbox(redis_client, name) for name in sorted(member.decode() for member in members)]


def _payload(batch_id: str) -> str:
    return f"{_ROOT}:payload:{batch_id}"
