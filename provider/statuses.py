"""Mapping from an HTTP status other than 200 to an error of `provider.errors`."""

from __future__ import annotations

import datetime

import msgspec

from provider import errors
from provider.retry import retry_after_seconds

_TEXT_LIMIT = 200  # characters of the provider's message that are kept
_TERMINAL: dict[int, type[errors.Terminal]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.NotEntitled,
    404: errors.NotFound,
}


class _Refusal(msgspec.Struct):
    """An error body. The text is in `message` or in `error`; the provider uses both, for 403 too."""

    message: object = None
    error: object = None


_decoder = msgspec.json.Decoder(_Refusal)


def words(body: bytes) -> str:
    """Return the provider's message in an error body on one line; empty when there is none (HTML, no body)."""
    try:
        refusal = _decoder.decode(body)
    except (ValueError, RecursionError):
        return ""
    text = next((text for text in (refusal.message, refusal.error) if isinstance(text, str) and text), "")
    return " ".join(text.split())[:_TEXT_LIMIT]


def error_for(
    status: int, body: bytes, retry_after: str | None, now: datetime.datetime
) -> errors.ProviderError:
    """Return the error for a status other than 200. `retry_after` is the header; `now` is timezone-aware."""
    text = words(body)
    sentence = f"answered {status}" + (f": {text}" if text else "")
    if status == 429:
        return errors.RateLimited(sentence, retry_after_seconds(retry_after, now))
    if status >= 500 or status in (408, 499):
        return errors.Unavailable(sentence, retry_after_seconds(retry_after, now))
    if 300 <= status < 400:
        return errors.UnexpectedAnswer(f"answered {status}, a redirect, which is not followed")
    return _TERMINAL.get(status, errors.UnexpectedAnswer)(sentence)
