"""Massive: the one place that knows the provider's protocol. Knows no table."""
