"""Ingestion of option chains and bars, and the daily computations on them."""
