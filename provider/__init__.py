"""Massive client: REST and WebSocket. The only package that implements the provider's protocol; it uses no table."""
