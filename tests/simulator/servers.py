"""Simulators in separate processes or in this one, at an instant in the middle of a session."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from simulator.rest.app import build
from simulator.world import World

ROOT = Path(__file__).resolve().parents[2]
# A Thursday, 11:30 New York.
INSTANT = dt.datetime(2026, 3, 12, 15, 30, tzinfo=dt.UTC)
SEED = 7


def offset_ms(instant: dt.datetime = INSTANT) -> int:
    """Return the clock offset at which the current time of the simulator is `instant`."""
    return round((instant - dt.datetime.now(dt.UTC)) / dt.timedelta(milliseconds=1))


@dataclass(frozen=True)
class Server:
    """A running simulator."""

    base_url: str

    def client(self, key: str = "any key") -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60)

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        with self.client() as client:
            return client.get(path, params=parameters or None)

    def walk(self, path: str, **parameters: str | int) -> list[dict]:
        """Return all rows of a paged endpoint."""
        rows = []
        with self.client() as client:
            page = client.get(path, params=parameters).raise_for_status().json()
            rows += page["results"]
            while "next_url" in page:
                page = client.get(page["next_url"]).raise_for_status().json()
                rows += page["results"]
        return rows


class InProcess:
    """A world served without a server process, for tests that need many worlds or change one."""

    def __init__(self, world: World, api_key: str | None = None, key: str = "any key") -> None:
        self.world = world
        self._transport = httpx.ASGITransport(build(world, api_key))
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._request("GET", path))

    def post(self, path: str, body: object) -> httpx.Response:
        return asyncio.run(self._request("POST", path, body))

    async def _request(self, method: str, path: str, body: object = None) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://simulator", headers=self._headers
        ) as client:
            return await client.request(method, path, json=body)


@contextmanager
def simulator(*arguments: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--parent-death", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            ready = json.loads(process.stdout.readline())
            assert set(ready) == {"base_url", "stream_url", "seed"}
            yield Server(ready["base_url"])
        finally:
            process.terminate()
            process.wait()
    assert process.returncode == 0
