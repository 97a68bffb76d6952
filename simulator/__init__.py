"""Simulator of Massive: the provider's REST and WebSocket protocol on a synthetic or recorded market."""
