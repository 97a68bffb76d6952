"""HTTP server on loopback that returns scripted responses per path."""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Request(NamedTuple):
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class Answer:
    """One response.

    With `cut`, Content-Length is larger than the body by that many bytes. With `hang`, no response is sent until the
    server stops. With `drip`, the body is sent byte by byte for as long as the client reads.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    hang: bool = False
    drip: bool = False


def ok(document: Any, **headers: str) -> Answer:
    return Answer(json.dumps(document).encode(), headers=headers)


def zipped(document: Any) -> Answer:
    return Answer(gzip.compress(json.dumps(document).encode()), headers={"Content-Encoding": "gzip"})


def refusal(status: int, document: Any = None, **headers: str) -> Answer:
    body = b"" if document is None else json.dumps(document).encode()
    return Answer(body, status, headers={name.replace("_", "-"): text for name, text in headers.items()})


class ScriptedProvider:
    """Server that returns the responses scripted for a path in turn, and the last one repeatedly."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.released = threading.Event()
        self.timeout_seconds = 30.0  # of the clients that fixtures make: how long they wait for an answer
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def tell(self, path: str, *answers: Answer) -> None:
        """Script the responses to `path`, or to `path?query`. The path '' matches every other path."""
        self._answers[path].extend(answers)

    def forget(self) -> None:
        """Remove all scripted responses and recorded requests."""
        self._answers.clear()
        self.requests.clear()

    def answer(self, target: str) -> Answer:
        answers = (
            self._answers.get(target) or self._answers.get(urlsplit(target).path) or self._answers.get("")
        )
        if not answers:
            return refusal(404, {"status": "NOT_FOUND", "message": "no response scripted for this path"})
        return answers.popleft() if len(answers) > 1 else answers[0]

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(provider: ScriptedProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # it delays a body after its headers by 40 ms

        def setup(self) -> None:
            super().setup()
            self.connection.settimeout(5)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.requests.append(Request(parts.path, parts.query, dict(self.headers)))
            answer = provider.answer(self.path)
            if answer.hang:
                provider.released.wait(5)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.send_body(answer)
            self.close_connection = self.close_connection or answer.cut > 0

        def send_body(self, answer: Answer) -> None:
            if not answer.drip:
                self.wfile.write(answer.body)
                return
            try:
                for number in range(len(answer.body)):
                    self.wfile.write(answer.body[number : number + 1])
                    provider.released.wait(0.02)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
