"""A stand-in for Massive that speaks its REST and WebSocket protocol."""
