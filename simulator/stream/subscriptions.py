"""Subscriptions of one connection, and the responses to subscribe and unsubscribe requests.

Texts of refusals other than "not authorized" are this simulator's own, because the provider's are not published.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.rest.plans import Plan
from simulator.stream.events import Events, status
from simulator.stream.trade_pool import Pool

TOPICS = {
    "options": ("T", "Q", "A", "AM", "FMV"),
    "indices": ("V", "A", "AM"),
    "stocks": ("T", "Q", "A", "AM"),
}
MOST_QUOTED = 1000
TOO_MANY_QUOTES = f"at most {MOST_QUOTED} contracts may be quoted on one connection"
NO_QUOTE_WILDCARD = "quotes must be subscribed by contract"

Statuses = list[dict[str, str]]


def entitled(plan: Plan, cluster: str) -> bool:
    """Return whether a plan may use a cluster. Index and stock prices require a plan with index data."""
    return plan.snapshots if cluster == "options" else plan.indices


class Subscriptions:
    """The pairs (topic, ticker) of one connection."""

    def __init__(self, cluster: str, plan: Plan) -> None:
        self._cluster, self._plan = cluster, plan
        self._pairs: dict[str, set[str]] = {topic: set() for topic in TOPICS[cluster]}
        self._masks: tuple[Pool, NDArray[np.bool_], NDArray[np.bool_]] | None = None

    def add(self, params: str) -> Statuses:
        """Subscribe to pairs. Returns a status per new pair; known pairs and unknown topics have none."""
        answers = []
        for topic, ticker in self._read(params):
            if ticker in self._pairs[topic]:
                continue
            refusal = self._refusal(topic, ticker)
            if refusal is None:
                self._pairs[topic].add(ticker)
            answers.append(refusal or status("success", f"subscribed to: {topic}.{ticker}"))
        self._masks = None
        return answers

    def remove(self, params: str) -> Statuses:
        """Unsubscribe from pairs. Returns a status per pair that was subscribed."""
        answers = []
        for topic, ticker in self._read(params):
            if ticker in self._pairs[topic]:
                self._pairs[topic].remove(ticker)
                answers.append(status("success", f"unsubscribed to: {topic}.{ticker}"))
        self._masks = None
        return answers

    def wants(self, topic: str, ticker: str) -> bool:
        """Return whether an event is subscribed; used for the few events of underlyings."""
        tickers = self._pairs.get(topic, set())
        return "*" in tickers or ticker in tickers

    @property
    def quoted(self) -> list[str]:
        """The contracts whose quotes are subscribed."""
        return sorted(self._pairs.get("Q", ()))

    def chosen(self, pool: Pool, events: Events, first: int, end: int) -> list[Any]:
        """Return the subscribed ones of the events `first` … `end` (excluded)."""
        masks = self._masks
        if masks is None or masks[0] is not pool:
            masks = self._masks = (pool, self._mask(pool, "T"), self._mask(pool, "Q"))
        part = slice(first, end)
        contract = events.contract[part]
        wanted = np.where(events.is_trade[part], masks[1][contract], masks[2][contract])
        chosen: list[Any] = events.messages[part][wanted].tolist()
        return chosen

    def _read(self, params: str) -> list[tuple[str, str]]:
        pairs = [pair.strip().partition(".")[::2] for pair in params.split(",")]
        return [(topic, ticker) for topic, ticker in pairs if topic in self._pairs and ticker]

    def _refusal(self, topic: str, ticker: str) -> dict[str, str] | None:
        allowed = {"T": self._plan.trades, "Q": self._plan.quotes, "FMV": False}
        if self._cluster == "options":
            if not allowed.get(topic, True):
                return status("error", "not authorized")
            if topic == "Q" and ticker.endswith("*"):
                return status("error", NO_QUOTE_WILDCARD)
            if topic == "Q" and len(self._pairs["Q"]) >= MOST_QUOTED:
                return status("error", TOO_MANY_QUOTES)
        return None

    def _mask(self, pool: Pool, topic: str) -> NDArray[np.bool_]:
        tickers = self._pairs[topic]
        if "*" in tickers:
            return np.ones(len(pool.listing.ticker), dtype=np.bool_)
        mask: NDArray[np.bool_] = np.isin(pool.listing.ticker, sorted(tickers) or [""])
        for prefix in (ticker[:-1] for ticker in tickers if ticker.endswith("*")):
            mask |= np.char.startswith(pool.listing.ticker, prefix)
        return mask
