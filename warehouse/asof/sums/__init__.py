"""Sums of option trades: of windows, of intervals, by version, and for how much of them the side is known."""
