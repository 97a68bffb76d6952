"""GET over HTTP/1.1 with the key in a header: one origin, no redirects, bounded waits, named errors.

The key leaves this module in one place only, the `Authorization` header of a request to the configured
origin. urllib3's exceptions hold the connection, and what hangs on it; therefore none of them may stay attached to
ours as cause or context, and every sentence is swept for the key in case the provider echoes it.
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
from urllib.parse import unquote, urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.exceptions import DecodeError, HTTPError, NewConnectionError, ProtocolError, TimeoutError

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
_PIECE = 2**16  # bytes
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
        self._http = _connections(base_url, self.base)
        # Without a proxy one pool is all; finding it anew takes a tenth of a request's time.
        direct = not isinstance(self._http, urllib3.ProxyManager)
        self._pool = self._http.connection_from_url(self.base.address) if direct else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base.host!r})"

    def close(self) -> None:
        self._http.clear()

    def url(self, path: str, params: dict[str, str]) -> str:
        """The address of a first page. `path` is what follows the host."""
        return f"{self.base.address}{path}{'?' if params else ''}{urlencode(params)}"

    def following(self, current: str, link: str) -> str:
        """The address of the page after `current`, verbatim. Raises `ForeignPage` for another origin."""
        try:
            parts = urlsplit(urljoin(current, link))
            # urljoin takes control characters out of a link without a word
            is_ours = link.isprintable() and _origin(parts._replace(query="").geturl())[:3] == self.base[:3]
        except (ValueError, Misconfigured):
            is_ours = False
        if not is_ours:
            raise ForeignPage(self.sentence(current, "links to a next page at another origin"))
        return f"{self.base.origin}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    def get(self, url: str) -> bytes:
        """The body of a 200. Anything else is a `ProviderError`, after the retries that make sense."""
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
        except NewConnectionError as error:  # a TimeoutError too, whatever the reason
            failure = ConnectionFailed(f"cannot be reached ({error.__cause__ or error})")
        except TimeoutError:
            failure = TimedOut(f"did not answer within {self._timeout:g} seconds")
        except DecodeError:
            failure = BadPage("the answer's compression is broken")
        except ProtocolError:
            failure = ConnectionFailed("cut the connection before the answer was whole")
        except HTTPError as error:
            failure = ConnectionFailed(f"cannot be reached ({error})")
        # Outside the handler, or Python would attach urllib3's exception, and with it the connection, as context.
        self.traffic.failed[type(failure).__name__] += 1
        failure.args = (self.sentence(url, str(failure)),)
        raise failure

    def _receive(self, url: str) -> bytes:
        asked = self._http if self._pool is None else self._pool
        response = asked.urlopen(
            "GET",
            url if self._pool is None else url.removeprefix(self.base.origin),
            # Not a variable: a report of an error may show those of its frames.
            headers={**_HEADERS, "Authorization": f"Bearer {self._key}"},
            timeout=self._timeout,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            body = self._body(response)
        except BaseException:
            response.close()  # what is left of the answer would be taken for the next one
            raise
        finally:
            response.release_conn()
        if response.status != 200:
            body = body.replace(self._key.encode(), b"[key]")
            now = datetime.datetime.now(datetime.UTC)
            raise error_for(response.status, body, response.headers.get("Retry-After"), now)
        return body

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        # Each read is timed; a server that sends a byte now and then would hold us for ever.
        deadline = self._clock.monotonic() + _PATIENCE * self._timeout
        pieces, size = [], 0
        while piece := response.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if self._clock.monotonic() > deadline:
                raise TimedOut(f"did not finish its answer within {_PATIENCE * self._timeout:g} seconds")
            if size > _LONGEST_BODY:
                raise BadPage("the answer is longer than any page")
        return b"".join(pieces)

    def sentence(self, url: str, text: str) -> str:
        """`text` said about the request for `url`, on one line, without the query and without the key."""
        sentence = f"{self.base.host}{urlsplit(url).path} {text}".rstrip(".") + "."
        # A word as short as that is no secret, and sweeping it would garble the sentence.
        return sentence if len(self._key) < _SHORTEST_SECRET else sentence.replace(self._key, "[key]")


class _Origin(NamedTuple):
    """Whom we ask: `host` as it is spelled in sentences, `origin` and `path` what every path is put behind."""

    scheme: str
    host: str
    port: int | None
    origin: str
    path: str

    @property
    def address(self) -> str:
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


def _connections(base_url: str, base: _Origin) -> urllib3.PoolManager:
    """One connection, kept; through a proxy where the environment names one, which is for the outer world, not for
    this machine."""
    trust = _trust() if base.scheme == "https" else None
    named = {} if is_loopback(base_url) or proxy_bypass(base.host) else getproxies()
    proxy = named.get(base.scheme) or named.get("all")
    if not proxy:
        return urllib3.PoolManager(1, maxsize=1, ssl_context=trust)
    address = proxy if "://" in proxy else f"http://{proxy}"
    # urllib3 leaves a name and a password of the address alone: they are sent as a header.
    user = urlsplit(address).netloc.rpartition("@")[0]
    headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
    return urllib3.ProxyManager(address, 1, maxsize=1, proxy_headers=headers, ssl_context=trust)


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names, and those browsers know: not every system has some.
    Read once, it takes 40 ms."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _usable(api_key: str) -> str:
    if not api_key:
        raise Misconfigured("There is no provider key: set MASSIVE_API_KEY.")
    # http.client quotes a header it cannot send, key and all: such a key must never reach it.
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise Misconfigured("The provider key holds characters that no key has: check MASSIVE_API_KEY.")
    return api_key
