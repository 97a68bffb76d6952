"""Errors of the provider client, grouped by what the caller should do.

    ProviderError
    ├── Misconfigured                              correct the settings
    ├── BudgetSpent                                continue later; the time of a step of background work has ended
    ├── Retryable                                  the client has already retried; try again later
    │   ├── RateLimited, Unavailable, TimedOut, ConnectionFailed
    ├── Terminal                                   the same request will fail again; do not repeat it
    │   ├── Unauthorized, NotEntitled, NotFound, BadRequest, UnexpectedAnswer
    └── Incomplete                                 discard the received pages; request the whole list again
        ├── BadPage, ForeignPage, RepeatedPage

Group names are adjectives and do not end in `Error`, because an `except` clause selects by them: `except Retryable`.
A message is one sentence without a line break. It names the requested path, and never the query, user information
of the URL or the key.
"""

from __future__ import annotations


class ProviderError(Exception):
    """Base class of all errors that the provider client raises. Tasks catch it and store its message."""


class Misconfigured(ProviderError):
    """The address or the key in the settings is unusable. No request was sent."""


class BudgetSpent(ProviderError):
    """The time in which a step of background work may send requests has ended. No request was sent."""


class Retryable(ProviderError):
    """The provider or the connection failed temporarily, and the client's own retries failed. Try later."""


class RateLimited(Retryable):
    """429: too many requests. Wait at least `retry_after` seconds (None: the provider sent no time)."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(Retryable):
    """5xx, 499 or 408: the provider has a problem. Wait at least `retry_after` seconds if it is set."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TimedOut(Retryable):
    """No response, or no complete response, in time. Try later; a smaller request may succeed."""


class ConnectionFailed(Retryable):
    """The host is unknown, refused the connection, or closed it in the middle of a response. Try later."""


class Terminal(ProviderError):
    """The provider rejected the request. The same request will be rejected again: report it."""


class Unauthorized(Terminal):
    """401: the key is missing or unknown. Stop all requests with this key and inform the operator."""


class NotEntitled(Terminal):
    """403: the plan does not include this data. Continue without it, or report which plan is needed."""


class NotFound(Terminal):
    """404: the ticker does not exist or has no data. Treat the value as absent, not as zero."""


class BadRequest(Terminal):
    """400: a parameter is invalid, because of a programming error or a malformed symbol. Do not repeat."""


class UnexpectedAnswer(Terminal):
    """An unexpected status. Redirects are included: following one would send the key to another host."""


class Incomplete(ProviderError):
    """The list of pages could not be completed. Do not store its rows as if they were complete."""


class BadPage(Incomplete):
    """A response with status 200 whose body is invalid: not JSON, cut off, a NaN, or without its results."""


class ForeignPage(Incomplete):
    """The link to the next page points to another origin. It was not followed, and the key was not sent."""


class RepeatedPage(Incomplete):
    """The links to the next page repeat, or there are more pages than any list has."""
