"""GET over HTTP/1.1 with the key in a header: one origin, no redirects, bounded waits, named errors.

The key leaves this module in one place only, the `Authorization` header of a request to the configured
origin. httpx's exceptions hold the request, and with it the key; therefore none of them may stay attached to
ours as cause or context, and every sentence is swept for the key in case the provider echoes it.
"""

from __future__ import annotations

import datetime
import re
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import httpx

from provider.errors import (
    BadPage,
    ConnectionFailed,
    ForeignPage,
    Misconfigured,
    ProviderError,
    TimedOut,
)
from provider.rate_limit import Limiter, is_loopback
from provider.retry import Clock, RetryPolicy, call
from provider.statuses import error_for

_USER_AGENT = "options-warehouse"
_LONGEST_BODY = 256 * 2**20  # bytes; the largest page, 50,000 trades, is about 8 MB
_HOST = re.compile(r"[\w.:-]+")
_SHORTEST_SECRET = 8  # characters
_PATIENCE = 6  # a whole answer may take this many times the wait for its first byte


@dataclass(slots=True)
class Traffic:
    """Requests sent, those sent again among them, and how the ones that failed did: names of provider.errors."""

    sent: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Transport:
    """Sends requests to one origin. Close it, or use it as a context manager; not shared between threads."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        limiter: Limiter | None,
        timeout_seconds: float,
        retry: RetryPolicy,
        clock: Clock = time,
    ) -> None:
        self.base = _origin(base_url)
        self._key = _usable(api_key)
        self._limiter = limiter
        self._timeout = timeout_seconds
        self._retry = retry
        self._clock = clock
        self.traffic = Traffic()
        self._http = httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": _USER_AGENT},
            timeout=timeout_seconds,
            follow_redirects=False,
            # Loading certificates takes 40 ms. Without TLS none are needed; an empty context trusts nobody.
            verify=self.base.scheme == "https" or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            # Proxies and certificates of the environment are for the outer world, not for this machine.
            trust_env=not is_loopback(base_url),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=30),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base.host!r})"

    def close(self) -> None:
        self._http.close()

    def url(self, path: str, params: dict[str, str]) -> httpx.URL:
        """The address of a first page. `path` is what follows the host."""
        base_path = self.base.path.rstrip("/")
        return self.base.copy_with(
            path=base_path + path, query=str(httpx.QueryParams(params)).encode() or None
        )

    def following(self, current: httpx.URL, link: str) -> httpx.URL:
        """The address of the page after `current`, verbatim. Raises `ForeignPage` for another origin."""
        try:
            following = current.join(link)
        except httpx.InvalidURL:
            following = httpx.URL()
        if (following.scheme, following.host, following.port, following.userinfo) != (
            self.base.scheme,
            self.base.host,
            self.base.port,
            b"",
        ):
            raise ForeignPage(self.sentence(current, "links to a next page at another origin"))
        return following

    def get(self, url: httpx.URL) -> bytes:
        """The body of a 200. Anything else is a `ProviderError`, after the retries that make sense."""
        return call(lambda: self._attempt(url), self._retry, self._clock)

    def _attempt(self, url: httpx.URL) -> bytes:
        if self._limiter is not None:
            self._limiter.acquire()
        self.traffic.sent += 1
        failure: ProviderError
        try:
            return self._receive(url)
        except ProviderError as error:
            failure = error
        except httpx.TimeoutException:
            failure = TimedOut(f"did not answer within {self._timeout:g} seconds")
        except httpx.DecodingError:
            failure = BadPage("the answer's compression is broken")
        except httpx.RemoteProtocolError:
            failure = ConnectionFailed("cut the connection before the answer was whole")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = ConnectionFailed(f"cannot be reached ({error})")
        # Outside the handler, or Python would attach httpx's exception, and with it the request, as context.
        self.traffic.failed[type(failure).__name__] += 1
        failure.args = (self.sentence(url, str(failure)),)
        raise failure

    def _receive(self, url: httpx.URL) -> bytes:
        request = self._http.build_request("GET", url, headers={"Authorization": f"Bearer {self._key}"})
        response = self._http.send(request, stream=True)
        try:
            body = self._body(response)
        finally:
            response.close()
        if response.status_code != 200:
            body = body.replace(self._key.encode(), b"[key]")
            now = datetime.datetime.now(datetime.UTC)
            raise error_for(response.status_code, body, response.headers.get("Retry-After"), now)
        return body

    def _body(self, response: httpx.Response) -> bytes:
        # httpx times each read; a server that sends a byte now and then would hold us for ever.
        deadline = self._clock.monotonic() + _PATIENCE * self._timeout
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if self._clock.monotonic() > deadline:
                raise TimedOut(f"did not finish its answer within {_PATIENCE * self._timeout:g} seconds")
            if size > _LONGEST_BODY:
                raise BadPage("the answer is longer than any page")
        return b"".join(chunks)

    def sentence(self, url: httpx.URL, text: str) -> str:
        """`text` said about the request for `url`, on one line, without the query and without the key."""
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        sentence = f"{self.base.host}{path} {text}".rstrip(".") + "."
        # A word as short as that is no secret, and sweeping it would garble the sentence.
        return sentence if len(self._key) < _SHORTEST_SECRET else sentence.replace(self._key, "[key]")


def _origin(base_url: str) -> httpx.URL:
    try:
        base = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        base = httpx.URL()
    named = base.scheme in ("http", "https") and _HOST.fullmatch(base.host)
    if not named or base.userinfo or base.query:
        raise Misconfigured("The provider's address must look like https://api.massive.com.")
    return base


def _usable(api_key: str) -> str:
    if not api_key:
        raise Misconfigured("There is no provider key: set MASSIVE_API_KEY.")
    # httpx and h11 quote a header they cannot send, key and all: such a key must never reach them.
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise Misconfigured("The provider key holds characters that no key has: check MASSIVE_API_KEY.")
    return api_key
