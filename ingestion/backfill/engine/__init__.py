"""Execution of backfill jobs: scheduler, threads, processes, Celery."""
