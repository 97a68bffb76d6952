"""Prices, greeks and implied volatility of European and American options, and forwards."""
