"""Batches on disk are replayed in order and complete, and never exceed the limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.delivery.spool import Damage, Record, Spool, SpoolFull, SpoolInUse

ROOM = 1_000_000


def record(number: int, payload: bytes = b"trades") -> Record:
    return Record(f"options:boot:{number}", payload, number, number + 10)


def drained(spool: Spool) -> list[Record]:
    found = []
    while entry := spool.oldest():
        found.append(entry[0])
        spool.drop(*entry)
    return found


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path, ROOM, segment_bytes=200)
    yield made
    made.close()


def reopened(spool: Spool, directory: Path) -> Spool:
    spool.close()
    return Spool(directory, ROOM, segment_bytes=200)


def test_records_are_replayed_in_order_over_many_segments(spool, tmp_path):
    stored = [record(number) for number in range(20)]
    for each in stored:
        spool.append(each)
    assert len(list(tmp_path.glob("*.spool"))) > 3
    assert drained(spool) == stored
    assert (bool(spool), spool.used_bytes(), list(tmp_path.glob("*.spool"))) == (False, 0, [])


def test_records_survive_the_process(spool, tmp_path):
    spool.append(record(1))
    again = reopened(spool, tmp_path)
    again.append(record(2))
    assert drained(again) == [record(1), record(2)]
    again.close()


def test_record_not_yet_dropped_is_replayed_after_a_crash(spool, tmp_path):
    spool.append(record(1))
    assert spool.oldest()[0] == record(1)
    again = reopened(spool, tmp_path)
    assert again.oldest()[0] == record(1)
    again.close()


def test_spool_accepts_no_more_than_its_limit(tmp_path):
    spool = Spool(tmp_path, 150)
    spool.append(record(1))
    with pytest.raises(SpoolFull, match="at its limit of 150 bytes"):
        spool.append(record(2, b"x" * 100))
    assert drained(spool) == [record(1)]
    spool.append(record(3))
    spool.close()


def test_second_consumer_of_a_feed_is_rejected(spool, tmp_path):
    with pytest.raises(SpoolInUse, match="another consumer of this feed uses"):
        Spool(tmp_path, ROOM)


@pytest.mark.parametrize("harm", ["cut", "flip", "length"])
def test_rest_of_a_damaged_segment_is_skipped(spool, tmp_path, harm):
    for number in range(6):
        spool.append(record(number, b"p" * 40))
    first = min(tmp_path.glob("*.spool"))
    whole = first.read_bytes()
    size = len(whole) // 3  # a segment of at least 200 bytes has three records
    second = whole[size : 2 * size]
    damaged = {
        "cut": whole[: size + 20],
        "flip": whole[:size] + second[:-1] + bytes([second[-1] ^ 1]) + whole[2 * size :],
        "length": whole[:size] + second[:10] + b"\xff" * 4 + second[14:] + whole[2 * size :],
    }[harm]
    first.write_bytes(damaged)
    again = reopened(spool, tmp_path)
    assert drained(again) == [record(0, b"p" * 40)] + [record(number, b"p" * 40) for number in (3, 4, 5)]
    assert again.damaged == [Damage(after_ms=0, bytes=len(damaged) - size)]
    again.close()


def test_fully_damaged_segment_still_has_the_time_of_its_trades(spool, tmp_path):
    spool.append(record(1_795_186_800_000))
    (segment,) = tmp_path.glob("*.spool")
    segment.write_bytes(b"\0" * segment.stat().st_size)
    again = reopened(spool, tmp_path)
    assert again.oldest() is None
    assert [damage.after_ms for damage in again.damaged] == [1_795_186_800_000]
    again.close()


def test_disk_error_is_reported_as_a_full_spool(spool, tmp_path):
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    with pytest.raises(SpoolFull, match="cannot be written: No such file or directory"):
        spool.append(record(1))
