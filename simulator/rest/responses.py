"""Responses and refusals with the provider's texts. The text of an error is in `error` or `message`."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


class Refusal(Exception):
    """An error response that ends the request."""

    def __init__(self, http_status: int, status: str, key: str, text: str) -> None:
        super().__init__(text)
        self.http_status, self.status, self.key, self.text = http_status, status, key, text


def request_id() -> str:
    """Return a random request id."""
    return uuid.uuid4().hex


def answer(content: Any, http_status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(_encoder.encode(content), http_status, media_type="application/json")


def results(rows: Any, *, next_url: str | None = None, **more: Any) -> Response:
    """Return the usual envelope around results."""
    body = {"status": "OK", "request_id": request_id(), "results": rows} | more
    return answer(body | {"next_url": next_url} if next_url else body)


def refusal_answer(refusal: Refusal) -> Response:
    """Return the response of a refusal."""
    body = {"status": refusal.status, "request_id": request_id(), refusal.key: refusal.text}
    return answer(body, refusal.http_status)


async def on_refusal(_: Request, refusal: Exception) -> Response:
    """Return the response of a refusal; Starlette's exception handler."""
    if not isinstance(refusal, Refusal):
        raise refusal
    return refusal_answer(refusal)


def bad_request(text: str) -> Refusal:
    """Return a 400 refusal."""
    return Refusal(400, "ERROR", "error", text)


def unknown_key() -> Refusal:
    """Return the 401 refusal of a missing or unknown key."""
    return Refusal(401, "ERROR", "error", "Unknown API Key")


def not_entitled(key: str = "message") -> Refusal:
    """Return the 403 refusal of data outside the plan, with its text in `key`."""
    text = "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"
    return Refusal(403, "NOT_AUTHORIZED", key, text)


def not_found(text: str = "Ticker not found.") -> Refusal:
    """Return a 404 refusal."""
    return Refusal(404, "NOT_FOUND", "message", text)
