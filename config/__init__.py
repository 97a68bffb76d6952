"""Settings, environment, Celery application, beat scheduler, default schedule and URLs."""

from __future__ import annotations

import os

# Before numpy is imported. The matrices of a chain are small, so that threads of OpenBLAS gain little, and where
# several processes share the cores they wait for each other and multiply the processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from config.celery import app as celery_app  # after the line above

__all__ = ["celery_app"]
