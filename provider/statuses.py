"""From an HTTP status that is not 200 to a named error."""

from __future__ import annotations

import datetime

import msgspec

from provider import errors
from provider.retry import retry_after_seconds

_TEXT_LIMIT = 200  # characters of the provider's own words kept in a sentence
_TERMINAL: dict[int, type[errors.Terminal]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.NotEntitled,
    404: errors.NotFound,
}


class _Refusal(msgspec.Struct):
    """The text stands under `message` or under `error`; the provider uses both, for 403 too."""

    message: object = None
    error: object = None


_decoder = msgspec.json.Decoder(_Refusal)


def words(body: bytes) -> str:
    """The provider's own words in an error body, on one line; empty when there are none (HTML, nothing)."""
    try:
        refusal = _decoder.decode(body)
    except (ValueError, RecursionError):
        return ""
    text = next((text for text in (refusal.message, refusal.error) if isinstance(text, str) and text), "")
    return " ".join(text.split())[:_TEXT_LIMIT]


def error_for(
    status: int, body: bytes, retry_after: str | None, now: datetime.datetime
) -> errors.ProviderError:
    """The error that a status other than 200 stands for. `retry_after` is the header, `now` is aware."""
    text = words(body)
    sentence = f"answered {status}" + (f": {text}" if text else "")
    if status == 429:
        return errors.RateLimited(sentence, retry_after_seconds(retry_after, now))
    if status >= 500 or status in (408, 499):
        return errors.Unavailable(sentence, retry_after_seconds(retry_after, now))
    if 300 <= status < 400:
        return errors.UnexpectedAnswer(f"answered {status}, a redirect, which is not followed")
    return _TERMINAL.get(status, errors.UnexpectedAnswer)(sentence)
