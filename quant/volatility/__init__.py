"""Volatility of chains and bars: constant maturity, ranks, realised, term structure, variance index."""
