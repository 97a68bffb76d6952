"""How a symbol is spelled where. The provider writes an index `I:SPX` in some places and `SPX` in others.

| place                                             | index   | stock or ETF |
|---------------------------------------------------|---------|--------------|
| chain and contract snapshot, path                 | `I:SPX` | `SPY`        |
| contract list, `underlying_ticker`                | `SPX`   | `SPY`        |
| aggregates, index and universal snapshots         | `I:SPX` | `SPY`        |

The prefix in the contract list is answered with 200 and an empty list: a slip there looks like no contracts.
"""

from __future__ import annotations

INDEX_PREFIX = "I:"


def index_ticker(symbol: str) -> str:
    """`I:SPX` for `SPX` or `I:SPX`: as snapshots and aggregates want an index."""
    return symbol if symbol.startswith(INDEX_PREFIX) else INDEX_PREFIX + symbol


def is_index(provider_symbol: str) -> bool:
    return provider_symbol.startswith(INDEX_PREFIX)


def bare(symbol: str) -> str:
    """`SPX` for `SPX` or `I:SPX`: as the contract list wants it."""
    return symbol.removeprefix(INDEX_PREFIX)
