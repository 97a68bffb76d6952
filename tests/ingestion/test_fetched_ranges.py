"""Fetched ranges are merged on reading, whoever wrote them, in any order and at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from ingestion.fetched_ranges import Stretch, covered, covered_by, missing, record, symbols_covering
from tests.roles import run
from warehouse.models import FetchedRange

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

KIND = "bars_5m"
# pg_stat_activity would show the same waits until the end of the transaction.
LOCK_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"


def stored() -> list[tuple[str, int, int]]:
    return list(
        FetchedRange.objects.order_by("symbol", "until_ms").values_list("symbol", "after_ms", "until_ms")
    )


def in_thread(call: Callable[[], None]) -> threading.Thread:
    """Start a call in a thread with a database connection of its own."""

    def work() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_ranges_that_overlap_or_touch_are_read_as_one():
    record(
        KIND, [("B", Stretch(0, 10)), ("A", Stretch(30, 40)), ("A", Stretch(10, 20)), ("A", Stretch(5, 12))]
    )
    record(KIND, [("A", Stretch(0, 5)), ("A", Stretch(42, 50))])
    record("bars_1d", [("A", Stretch(20, 30))])
    assert covered(KIND, "A") == [Stretch(0, 20), Stretch(30, 40), Stretch(42, 50)]
    assert covered_by(KIND, ["A", "B", "C"]) == {"A": covered(KIND, "A"), "B": [Stretch(0, 10)]}
    assert missing(Stretch(8, 45), covered(KIND, "A")) == [Stretch(20, 30), Stretch(40, 42)]


def test_only_ranges_that_touch_the_wanted_one_are_read():
    record(KIND, [("A", Stretch(at, at + 5)) for at in (0, 10, 20, 30)])
    assert covered(KIND, "A", Stretch(15, 20)) == [Stretch(10, 15), Stretch(20, 25)]
    assert covered(KIND, "A", Stretch(16, 19)) == []


def test_a_symbol_covers_a_range_with_several_that_touch():
    record(KIND, [("whole", Stretch(0, 9)), ("parts", Stretch(0, 4)), ("parts", Stretch(4, 8))])
    record(
        KIND,
        [("gap", Stretch(0, 4)), ("gap", Stretch(5, 8)), ("late", Stretch(2, 8)), ("short", Stretch(0, 7))],
    )
    record("bars_1d", [("other", Stretch(0, 9))])
    symbols = ["whole", "parts", "gap", "late", "short", "other", "none"]
    assert symbols_covering(KIND, symbols, Stretch(1, 8)) == {"whole", "parts"}


def test_a_range_recorded_again_keeps_its_earliest_start():
    for after_ms in (5, 3, 7):
        record(KIND, [("A", Stretch(after_ms, 10)), ("A", Stretch(after_ms + 1, 10))])
    assert stored() == [("A", 3, 10)]


def test_a_group_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        record(KIND, [(f"O:{n:04}", Stretch(n, n + 100)) for n in range(2_000)])
    assert len(stored()) == 2_000


def test_writers_of_adjacent_ranges_do_not_wait_and_leave_one_range():
    written, done = threading.Barrier(8, timeout=30), threading.Barrier(8, timeout=30)

    def write(part: int) -> None:
        try:
            with transaction.atomic():
                record(KIND, [("A", Stretch(part * 10, part * 10 + 10))])
                written.wait()  # all eight transactions have written before the first commits
            done.wait()
            for second in range(20):
                record(KIND, [("A", Stretch(100 + second * 8 + part, 101 + second * 8 + part))])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write, part) for part in range(8)]:
            future.result(timeout=60)
    assert covered(KIND, "A") == [Stretch(0, 80), Stretch(100, 260)]


def test_writers_of_the_same_ranges_in_opposite_order_do_not_deadlock():
    symbols = [f"O:{n:03}" for n in range(200)]
    orders = [symbols, symbols[::-1], symbols[100:] + symbols[:100], symbols[::-2] + symbols[::2]]

    def write(number: int) -> None:
        try:
            for until in range(1, 26):
                with transaction.atomic():
                    record(KIND, [(symbol, Stretch(-number, until)) for symbol in orders[number]])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, number) for number in range(4)]:
            future.result(timeout=60)
    assert stored() == [(symbol, -3, until) for symbol in symbols for until in range(1, 26)]


def test_a_writer_of_the_same_range_keeps_the_longer_one_of_both():
    with transaction.atomic():
        record(KIND, [("A", Stretch(5, 10))])
        second = in_thread(lambda: record(KIND, [("A", Stretch(2, 10))]))
        while run(LOCK_WAITS) != [(1,)]:
            assert second.is_alive()
    second.join(timeout=30)
    assert stored() == [("A", 2, 10)]


def test_a_range_rolled_back_with_its_rows_is_not_known():
    with transaction.atomic():
        record(KIND, [("A", Stretch(0, 10))])
        transaction.set_rollback(True)
    assert covered(KIND, "A") == []
