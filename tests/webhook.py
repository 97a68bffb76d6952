"""A webhook on loopback that stores the posted documents and responds with a set status."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Webhook:
    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.posted.append(json.loads(body))
                self.send_response(webhook.status)
                for name, value in webhook.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api/webhooks/1/sentinel-token"

    @property
    def texts(self) -> list[str]:
        return [document["content"] for document in self.posted]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
