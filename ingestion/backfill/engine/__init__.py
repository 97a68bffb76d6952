"""How backfill jobs are executed: job queue, threads, processes, Celery."""
