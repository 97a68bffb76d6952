"""Tests of the watch lists of volatility."""
