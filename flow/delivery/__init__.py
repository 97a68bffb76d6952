"""Delivery of batches from the consumer to the workers: inbox in Redis, spool on disk."""
