"""Prices, greeks, implied volatility and forwards of European options."""
