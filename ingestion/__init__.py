"""Fetch, check, compute, store: chains, greeks, gamma exposure and what follows from them."""
