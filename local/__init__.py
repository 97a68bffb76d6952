"""The embedded stack of one machine: PostgreSQL, Valkey, their keeper process, and the supervisor of the services."""
