"""The embedded PostgreSQL and Valkey, and the keeper process that owns them."""
