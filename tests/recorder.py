"""`python -m tests.recorder BASE_URL`: a proxy before a simulator that notes what was asked, and knows it by heart.

An answer is asked of the simulator once and given from memory from then on: a backfill can be measured and killed
without waiting for a market to be computed again. `GET /recorder/log` tells the requests answered so far, in order;
`DELETE /recorder/log` forgets them, never the answers.
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

from local.processes import end_with_parent

ROOT = Path(__file__).resolve().parents[1]
_LOG = "/recorder/log"


class Recorder:
    """The requests answered, and the good answers."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=2))
        self._known: dict[str, bytes] = {}
        self._log: list[str] = []

    async def serve(self) -> None:
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=128)
        port = server.sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()
        await server.serve_forever()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
        answer = self._known.get(address)
        if answer is None:
            asked = {name: headers[name] for name in ("Host", "Authorization")}
            response = await self._client.get(self._target + address, headers=asked)
            answer = _message(response.status_code, response.content)
            if response.status_code == 200:
                self._known[address] = answer
        self._log.append(address)
        return answer


def _message(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def recorder(target: str) -> Iterator[str]:
    """The base URL of a recorder in front of `target`, as a process of its own."""
    command = [sys.executable, "-m", "tests.recorder", target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.kill()


def requests_of(base_url: str, *, forget: bool = False) -> list[str]:
    """The addresses answered so far, oldest first."""
    found: list[str] = httpx.request("DELETE" if forget else "GET", base_url + _LOG, timeout=60).json()
    return found


if __name__ == "__main__":
    end_with_parent(signal.SIGKILL)
    asyncio.run(Recorder(sys.argv[1]).serve())
