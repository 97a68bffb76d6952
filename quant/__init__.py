"""Pure functions on numpy arrays that compute all numbers. No Django, Celery, HTTP or database driver."""
