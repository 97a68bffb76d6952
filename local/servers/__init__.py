"""The embedded PostgreSQL and Valkey and the process that keeps them."""
