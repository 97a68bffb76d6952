"""Sums of past sessions, requested from the simulator. The provider has no such endpoints."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple, Protocol

import numpy as np

METHOD_VERSION = "simulated-past-2"  # of every row that is stored from these sums


class Client(Protocol):
    """The method of the provider's client that sends one request."""

    def one(self, path: str, params: dict[str, str], decode: Any) -> Any: ...


class Limits(NamedTuple):
    """Which trades are stored, and which quotes are known.

    Trades of at least `smallest` contracts are stored. The stream has the quotes of `quoted` contracts, and others are
    requested for trades of sweeps and of more than `large_premium` dollars, at most so many per second.
    """

    smallest: int
    large_premium: float
    quoted: int
    requests_per_second: float


def gamma_sums(
    client: Client, symbol: str, session: date, until_ms: int, minutes: int
) -> dict[str, list[Any]]:
    """Return dealer gamma by slot before `until_ms` (epoch ms): `slots`, and columns of that length with None.

    There is a slot every `minutes`, and one at the close.
    """
    return _get(client, f"/simulator/past/gamma/{symbol}/{session}", until_ms=until_ms, minutes=minutes)


def flow_sums(client: Client, session: date, until_ms: int, limits: Limits) -> dict[str, Any]:
    """Return trades by interval that ended by `until_ms` (epoch ms): `ends`, and columns by symbol in `symbols`."""
    return _get(client, f"/simulator/past/flow/{session}", until_ms=until_ms, **limits._asdict())


def volatilities(client: Client, symbol: str, first: date, last: date) -> dict[str, Any]:
    """Return volatility by session: `dates` and arrays of that length, fractions per year."""
    found = _get(client, f"/simulator/past/volatility/{symbol}", first=first, last=last)
    return {name: np.array(column, "M8[D]" if name == "dates" else float) for name, column in found.items()}


def _get(client: Client, path: str, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.one(
        path, {name: str(value) for name, value in parameters.items()}, json.loads
    )
    return found
