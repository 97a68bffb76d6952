"""Quotes of stored trades, requested from the provider where the stream had none."""
