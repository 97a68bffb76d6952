"""Bars of indices, stocks and option contracts from the provider."""
