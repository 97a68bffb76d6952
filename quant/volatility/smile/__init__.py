"""Smile of one expiration: its curve, the fit to quotes, and the test for arbitrage."""
