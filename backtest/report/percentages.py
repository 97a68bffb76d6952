"""Shares as percentages, for tables that a command prints."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """Return a share of 0 to 1 as a percentage, '' without one."""
    return "" if share is None else f"{share:.1%}"


def signed_percent(share: float | None) -> str:
    """Return a fraction as a percentage with its sign and two decimals, '' without one."""
    return "" if share is None else f"{share:+.2%}"


def interval(limits: list[float] | None) -> str:
    """Return an interval of shares as percentages, '' without one."""
    return "" if limits is None else f"{limits[0]:.0%} to {limits[1]:.0%}"
