"""`python -m tests.recorder BASE_URL`: a proxy of a simulator that logs requests and caches responses.

Each response is fetched from the simulator once and served from memory afterwards, so that a backfill can be measured
and killed without computing the market again. `GET /recorder/log` returns the requests served so far, in order;
`DELETE /recorder/log` returns and clears them, and keeps the responses.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from local.servers.processes import end_with_parent

ROOT = Path(__file__).resolve().parents[1]
_LOG = "/recorder/log"


class Recorder:
    """The served requests and the successful responses."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=2))
        self._responses: dict[str, bytes] = {}
        self._log: list[str] = []

    async def serve(self) -> None:
        """Serve on a free port, which is printed as one line of JSON."""
        server = await asyncio.start_server(self._serve_client, "127.0.0.1", 0, backlog=128)
        port = server.sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()
        await server.serve_forever()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, address, _ = head[0].split(" ")
                headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                writer.write(await self._answer(method, address, headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, address: str, headers: dict[str, str]) -> bytes:
        if address == _LOG:
            body = json.dumps(self._log).encode()
            if method == "DELETE":
                self._log.clear()
            return _message(200, body)
        answer = self._responses.get(address)
        if answer is None:
            sent = {name: headers[name] for name in ("Host", "Authorization")}
            response = await self._client.get(self._target + address, headers=sent)
            answer = _message(response.status_code, response.content)
            if response.status_code == 200:
                self._responses[address] = answer
        self._log.append(address)
        return answer


def _message(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def recorder(target: str) -> Iterator[str]:
    """Run a recorder in front of `target` in a separate process, and yield its base URL."""
    command = [sys.executable, "-m", "tests.recorder", target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.kill()


def requests_of(base_url: str, *, forget: bool = False) -> list[str]:
    """Return the paths served so far, oldest first; with `forget` also clear the log."""
    paths: list[str] = httpx.request("DELETE" if forget else "GET", base_url + _LOG, timeout=60).json()
    return paths


if __name__ == "__main__":
    end_with_parent(signal.SIGKILL)
    asyncio.run(Recorder(sys.argv[1]).serve())
