"""Indicators and the market regime of a session."""
