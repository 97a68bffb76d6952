"""The provider's WebSocket stream of the simulated market."""
