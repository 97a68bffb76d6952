"""HTTP/1.1 GET requests with the key in a header: one origin, no redirects, bounded waits, typed errors.

The key leaves this module only in the `Authorization` header of a request to the configured origin. httpx's exceptions
refer to the request and therefore to the key, so none of them may remain attached to our errors as cause or context.
The key is removed from every error message in case the provider sends it back.

httpx's transport is used without its client, whose handling of redirects, cookies and authentication is not needed and
takes more processor time than the request itself.
"""

from __future__ import annotations

import datetime
import re
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Self
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
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

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "options-warehouse"}
_LONGEST_BODY = 256 * 2**20  # bytes; the largest page, 50,000 trades, is about 8 MB
_HOST = re.compile(r"[\w.:-]+")
_PROVIDER = "api.massive.com"
_HOSTS_OF_PROVIDER = frozenset(
    {_PROVIDER, "api.polygon.io"}
)  # the second is the former name and still served
_IDENTITY_OF_PROVIDER = ("https", _PROVIDER, 443)
_SHORTEST_SECRET = 8  # characters
_BODY_TIMEOUT_FACTOR = 6  # a complete response may take this many times the timeout of one read


@dataclass(slots=True)
class Traffic:
    """Number of requests sent, retries included, and number of failed ones by error class of provider.errors."""

    sent: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Transport:
    """HTTP connection to one origin. Close it, or use it as a context manager. Not thread-safe."""

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
        self._http = _transport(base_url, self.base)
        self._extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_seconds)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base.host!r})"

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def url(self, path: str, params: dict[str, str]) -> str:
        """Return the URL of a first page. `path` is the part after the host."""
        return f"{self.base.address}{path}{'?' if params else ''}{urlencode(params)}"

    def next_page_url(self, current: str, link: str) -> str:
        """Return the URL of the page after `current`: path and query of `link` at the configured address.

        A link to a host name of the provider is the same page, whatever address is configured: it may be that of a
        proxy. Raises `ForeignPage` for another origin.
        """
        try:
            parts = urlsplit(urljoin(current, link))
            linked = _origin(parts._replace(query="").geturl())
            # urljoin removes control characters from a link silently
            is_ours = link.isprintable() and linked.identity in (self.base.identity, _IDENTITY_OF_PROVIDER)
        except (ValueError, Misconfigured):
            is_ours = False
        if not is_ours:
            raise ForeignPage(self.sentence(current, "links to a next page at another origin"))
        ours = self.base.origin if linked.identity == self.base.identity else self.base.address
        return f"{ours}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    def get(self, url: str) -> bytes:
        """Return the body of a response with status 200. Raises a `ProviderError` after the retries."""
        return call(lambda: self._attempt(url), self._retry, self._clock)

    def _attempt(self, url: str) -> bytes:
        if self._limiter is not None:
            self._limiter.acquire()
        self.traffic.sent += 1
        failure: ProviderError
        try:
            return self._receive(url)
        except ProviderError as error:
            failure = error
        except httpx.ConnectTimeout:
            failure = ConnectionFailed(f"cannot be reached (no connection within {self._timeout:g} seconds)")
        except httpx.TimeoutException:
            failure = TimedOut(f"did not answer within {self._timeout:g} seconds")
        except httpx.DecodingError:
            failure = BadPage("the answer cannot be decompressed")
        except (httpx.RemoteProtocolError, httpx.ReadError):
            failure = ConnectionFailed("closed the connection before the answer was complete")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = ConnectionFailed(f"cannot be reached ({error})")
        # Raised outside the handler: Python would otherwise attach httpx's exception as context.
        self.traffic.failed[type(failure).__name__] += 1
        failure.args = (self.sentence(url, str(failure)),)
        raise failure

    def _receive(self, url: str) -> bytes:
        # Not in a local variable: error reports can show local variables.
        response = self._http.handle_request(
            httpx.Request(
                "GET",
                url,
                headers={**_HEADERS, "Host": self.base.netloc, "Authorization": f"Bearer {self._key}"},
                extensions=self._extensions,
            )
        )
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
        # The timeout applies to each read; a server that sends a byte now and then would block without this limit.
        deadline = self._clock.monotonic() + _BODY_TIMEOUT_FACTOR * self._timeout
        pieces, size = [], 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if self._clock.monotonic() > deadline:
                seconds = _BODY_TIMEOUT_FACTOR * self._timeout
                raise TimedOut(f"did not finish its answer within {seconds:g} seconds")
            if size > _LONGEST_BODY:
                raise BadPage("the answer is longer than any page")
        return b"".join(pieces)

    def sentence(self, url: str, text: str) -> str:
        """Return the error message `text` about the request for `url`: one line, without query and key."""
        sentence = f"{self.base.host}{urlsplit(url).path} {text}".rstrip(".") + "."
        # A key this short is not secret, and replacing it would garble the message.
        return sentence if len(self._key) < _SHORTEST_SECRET else sentence.replace(self._key, "[key]")


class _Origin(NamedTuple):
    """The configured origin. `host` is its name in messages; every path is appended to `origin` and `path`."""

    scheme: str
    host: str
    port: int | None
    origin: str
    path: str

    @property
    def identity(self) -> tuple[str, str, int | None]:
        """Scheme, host and port, equal for both host names of the provider."""
        return self.scheme, _PROVIDER if self.host in _HOSTS_OF_PROVIDER else self.host, self.port

    @property
    def netloc(self) -> str:
        """Host and port, as in the Host header."""
        return self.origin.partition("://")[2]

    @property
    def address(self) -> str:
        """The base URL, without a trailing slash."""
        return self.origin + self.path


def _origin(base_url: str) -> _Origin:
    try:
        parts = urlsplit(base_url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        named = parts.hostname and _HOST.fullmatch(parts.hostname) and "@" not in parts.netloc
        good = parts.scheme in ("http", "https") and named and not parts.query
    except (ValueError, AttributeError, TypeError):
        good = False
    if not good:
        raise Misconfigured("The provider's address must look like https://api.massive.com.")
    origin = f"{parts.scheme}://{parts.netloc}"
    return _Origin(parts.scheme, parts.hostname or "", port, origin, parts.path.rstrip("/"))


def _transport(base_url: str, base: _Origin) -> httpx.HTTPTransport:
    """Return a transport with one persistent connection.

    A proxy named in the environment is used, except for a provider on this machine.
    """
    named = {} if is_loopback(base_url) or proxy_bypass(base.host) else getproxies()
    proxy = named.get(base.scheme) or named.get("all")
    return httpx.HTTPTransport(
        verify=_trust() if base.scheme == "https" else False,
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=60.0),
        proxy=(proxy if "://" in proxy else f"http://{proxy}") if proxy else None,
    )


@cache
def _trust() -> ssl.SSLContext:
    """Return the system's certificates (or those of SSL_CERT_FILE) plus certifi's, as some systems have none.

    Cached, because reading them takes 40 ms.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _usable(api_key: str) -> str:
    if not api_key:
        raise Misconfigured("There is no provider key: set MASSIVE_API_KEY.")
    # http.client quotes an invalid header, and thus the key, in its error: such a key must not reach it.
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise Misconfigured("The provider key contains invalid characters: check MASSIVE_API_KEY.")
    return api_key
