"""Spelling of symbols. The provider requires `I:SPX` for an index in some places and `SPX` in others.

| place                                             | index   | stock or ETF |
|---------------------------------------------------|---------|--------------|
| chain and contract snapshot, path                 | `I:SPX` | `SPY`        |
| contract list, `underlying_ticker`                | `SPX`   | `SPY`        |
| aggregates, index and universal snapshots         | `I:SPX` | `SPY`        |

With the prefix, the contract list returns 200 and an empty list, so the mistake looks like an absence of contracts.
"""

from __future__ import annotations

INDEX_PREFIX = "I:"


def index_ticker(symbol: str) -> str:
    """Return `I:SPX` for `SPX` or `I:SPX`: the spelling of an index in snapshots and aggregates."""
    return symbol if symbol.startswith(INDEX_PREFIX) else INDEX_PREFIX + symbol


def is_index(provider_symbol: str) -> bool:
    """Return whether a symbol in the provider's spelling is an index."""
    return provider_symbol.startswith(INDEX_PREFIX)


def bare(symbol: str) -> str:
    """Return `SPX` for `SPX` or `I:SPX`: the spelling in the contract list."""
    return symbol.removeprefix(INDEX_PREFIX)
