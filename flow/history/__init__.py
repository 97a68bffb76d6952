"""Trades of the past from REST and flat files, and the repair of gaps."""
