"""Live option trades, from the provider's socket to the table."""
