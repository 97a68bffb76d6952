"""Readers of facts as of a time: the only functions that read market data and earlier results for computing.

Each module reads one kind of fact. A reader returns columns, arrays of equal length, of one symbol and a range of
times. "As of t" means: with `timestamp` up to t, epoch ms; inside `at(t)`, what was known at t. A reader never fetches
from the provider and never writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_READ_AS_OF = """
SELECT set_config('transaction_read_only', 'on', true), set_config('role', 'warehouse_reader', true),
       set_config('warehouse.as_of_ms', %s, true)
"""


@contextmanager
def at(at_ms: int) -> Iterator[None]:
    """Read the warehouse as it was known at `at_ms`, epoch milliseconds, within the block.

    The block is a read-only transaction of its own with the role warehouse_reader; its settings end with it. The answer
    is the same whenever it is read, once `at_ms` has passed. Raises RuntimeError inside a transaction, and database
    errors for a statement that writes.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_READ_AS_OF, [str(at_ms)])
        try:
            yield
        finally:
            # Nothing is written; rolling back also ends the settings where tests run inside a transaction.
            transaction.set_rollback(True)
