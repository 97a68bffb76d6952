"""The numbers: pure functions on numpy arrays. No Django, no Celery, no HTTP, no database driver."""
