"""WebSocket stream of the provider, with trades, quotes and values of the simulated market."""
