"""Execution of backfill jobs: job queue, threads, processes, Celery."""
