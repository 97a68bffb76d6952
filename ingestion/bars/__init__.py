"""Bars of underlyings and stocks from the provider."""
