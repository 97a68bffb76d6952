"""The consumer process: socket, quotes, enrichment, batches."""
