"""What can go wrong with the provider, sorted by what the caller should do about it.

    ProviderError
    ├── Misconfigured                              fix the settings
    ├── Retryable                                  the client has tried several times already; come back later
    │   ├── RateLimited, Unavailable, TimedOut, ConnectionFailed
    ├── Terminal                                   the same request will fail again; do not repeat it
    │   ├── Unauthorized, NotEntitled, NotFound, BadRequest, UnexpectedAnswer
    └── Incomplete                                 throw away what came; start the whole walk anew
        ├── BadPage, ForeignPage, RepeatedPage

The groups are adjectives, not `…Error`, because they are what an `except` clause asks: is it retryable?
A message is one sentence without a line break. It names the path asked for and never the query, the host's
user part or the key.
"""

from __future__ import annotations


class ProviderError(Exception):
    """Anything the provider client raises on purpose. Catch it at a task's edge and store its sentence."""


class Misconfigured(ProviderError):
    """The address or the key cannot be used at all. Tell the operator; no request was sent."""


class Retryable(ProviderError):
    """The provider or the way to it failed for now. The client gave up after its own retries: try later."""


class RateLimited(Retryable):
    """429: too many requests. Wait at least `retry_after` seconds (None: the provider named no time)."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(Retryable):
    """5xx, 499 or 408: the provider is in trouble. Wait at least `retry_after` seconds if it is given."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TimedOut(Retryable):
    """No answer, or no whole answer, in time. Try later; a smaller request may pass."""


class ConnectionFailed(Retryable):
    """The host is unknown, refuses, or cut the connection in the middle of an answer. Try later."""


class Terminal(ProviderError):
    """The provider understood and says no. Repeating the request changes nothing: report it."""


class Unauthorized(Terminal):
    """401: the key is missing or unknown. Stop everything that uses this key and tell the operator."""


class NotEntitled(Terminal):
    """403: the plan does not hold this data. Do without it, or tell the operator which plan is needed."""


class NotFound(Terminal):
    """404: no such ticker, or no data for it. Treat it as absent, not as zero."""


class BadRequest(Terminal):
    """400: a parameter could not be read. A programming error or a malformed symbol: do not repeat."""


class UnexpectedAnswer(Terminal):
    """A status that has no meaning here, redirects among them: following one would hand the key on."""


class Incomplete(ProviderError):
    """A walk over pages did not come to its end. Nothing of it may be stored as if it were whole."""


class BadPage(Incomplete):
    """A 200 whose body is not the page asked for: not JSON, cut off, a NaN, or without its results."""


class ForeignPage(Incomplete):
    """The link to the next page points to another origin. It was not followed and the key was not sent."""


class RepeatedPage(Incomplete):
    """The links to the next page run in a circle or without end."""
