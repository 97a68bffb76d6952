"""Thread pool for jobs that wait for the provider, so that their CPU and database time overlaps with other requests.

Each thread has its own provider client and, if its jobs need one, its own database connection.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from django.db import DatabaseError, connection

from ingestion.backfill.engine.clients import Clients, Stopped
from ingestion.backfill.engine.jobs import Job, JobFuture, one_line
from ingestion.backfill.engine.queues import drain

THREADS = 16
BUSY_PAUSE_SECONDS = 1.0


class ThreadPool:
    """Executes jobs with `run`. Close it, also after an exception.

    A job ends when `run` returns, or when the future that it returned ends.
    """

    def __init__(
        self, clients: Clients, run: Callable[[Job], Future[None] | None], threads: int = THREADS
    ) -> None:
        self._clients, self._run = clients, run
        self._waiting: queue.SimpleQueue[tuple[Job, JobFuture] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"fetch-{number}") for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return len(self._threads)

    def submit(self, job: Job) -> JobFuture:
        """Return a future of the job; its exception is an unexpected error. See JobFuture."""
        future = JobFuture()
        self._waiting.put((job, future))
        return future

    def close(self) -> None:
        """End the threads after their current jobs; waiting jobs are dropped."""
        self._clients.stop()
        drain(self._waiting)
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        try:
            while (waiting := self._waiting.get()) is not None:
                job, future = waiting
                try:
                    storing = self._run(job)
                except Stopped:
                    return
                except DatabaseError as error:
                    connection.close()  # the next job opens a new one
                    self._clients.stopping.wait(BUSY_PAUSE_SECONDS)
                    future.set_result(one_line(error))
                except BaseException as error:
                    future.set_exception(error)
                else:
                    if storing is None:
                        future.set_result(None)
                    else:
                        storing.add_done_callback(partial(_copy_result, future))
        finally:
            connection.close()


def _copy_result(future: JobFuture, storing: Future[None]) -> None:
    error = storing.exception()
    if error is None or isinstance(error, DatabaseError):
        future.set_result(None if error is None else one_line(error))
    else:
        future.set_exception(error)
