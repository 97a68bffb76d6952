"""One machine, no set-up: the embedded PostgreSQL and Valkey, their keeper, and the supervisor."""
