"""Other backtest engines, which are given the same trades."""

from __future__ import annotations
