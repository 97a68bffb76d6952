"""How batches of trades reach the workers: inbox in Redis, spool on disk."""
