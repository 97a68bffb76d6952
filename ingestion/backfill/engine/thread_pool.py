"""Work that waits for the provider, done in threads of this process: CPU and database hide behind the pace.

Each thread has a provider client and, where its work asks for one, a database connection of its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from django.db import DatabaseError, connection

from ingestion.backfill.engine.clients import Clients, Stopped
from ingestion.backfill.engine.jobs import Ended, Job, one_line
from ingestion.backfill.engine.queues import drain

THREADS = 16
BUSY_PAUSE_SECONDS = 1.0


class Fetchers:
    """Performs jobs by `attempt`; a job ends at once, or when the future that the attempt gave does. Close it, also
    after an exception."""

    def __init__(
        self, clients: Clients, attempt: Callable[[Job], Future[None] | None], threads: int = THREADS
    ) -> None:
        self._clients, self._attempt = clients, attempt
        self._waiting: queue.SimpleQueue[tuple[Job, Ended] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"fetch-{number}") for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return len(self._threads)

    def submit(self, job: Job) -> Ended:
        """The future of a sentence why the job has no end in the ledger, or None; it raises what nobody foresaw."""
        ended = Ended()
        self._waiting.put((job, ended))
        return ended

    def close(self) -> None:
        """Ends the threads after the jobs they have in hand; what waited is dropped."""
        self._clients.stop()
        drain(self._waiting)
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        try:
            while (waiting := self._waiting.get()) is not None:
                job, ended = waiting
                try:
                    storing = self._attempt(job)
                except Stopped:
                    return
                except DatabaseError as error:
                    connection.close()  # the next job begins on a new one
                    self._clients.stopping.wait(BUSY_PAUSE_SECONDS)
                    ended.set_result(one_line(error))
                except BaseException as error:
                    ended.set_exception(error)
                else:
                    if storing is None:
                        ended.set_result(None)
                    else:
                        storing.add_done_callback(partial(_pass_on, ended))
        finally:
            connection.close()


def _pass_on(ended: Ended, storing: Future[None]) -> None:
    error = storing.exception()
    if error is None or isinstance(error, DatabaseError):
        ended.set_result(None if error is None else one_line(error))
    else:
        ended.set_exception(error)
