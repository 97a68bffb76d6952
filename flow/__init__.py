"""Live trades, from the socket to the table."""
