"""Batches on disk while the inbox is unreachable or full: append, replay in order, limited in bytes.

The spool consists of segment files of records with checksums. Records are written to the kernel without fsync: they
survive the end of the process, and a power failure loses about the last second, no more than in the inbox. After a
crash a record may be replayed twice, which is harmless: the batch keeps its id and its rows keep their keys.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

_HEADER: Final = struct.Struct(
    "<4sIHIqq"
)  # magic, checksum of all that follows, bytes of id and payload, first and last exchange time
_MAGIC: Final = b"SPL1"
_CHECKED_FROM: Final = 8
_SUFFIX: Final = ".spool"


class SpoolFull(Exception):
    """The spool is at its byte limit, or the disk refused the write. The batch is not stored."""


class SpoolInUse(Exception):
    """Another consumer of the same feed runs on this machine."""


class Record(NamedTuple):
    """A batch and the exchange times of its earliest and latest trade, epoch ms."""

    batch_id: str
    payload: bytes
    from_ms: int
    to_ms: int


class Damage(NamedTuple):
    """A segment that could not be read to its end.

    The batches in its unread rest are newer than the batch whose earliest trade is at `after_ms`.
    """

    after_ms: int
    bytes: int


@dataclass(slots=True)
class _Segment:
    """A file named `number-time`, with the time of its first batch in case that batch cannot be read."""

    path: Path
    size: int

    @property
    def number(self) -> int:
        return int(self.path.stem.partition("-")[0])

    @property
    def from_ms(self) -> int:
        return int(self.path.stem.partition("-")[2])


class Spool:
    """The spool in one directory, for use by one thread. Raises SpoolInUse when the directory is locked."""

    def __init__(self, directory: Path, max_bytes: int, segment_bytes: int = 16 * 2**20) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.damaged: list[Damage] = []
        self._lock = os.open(directory / "in-use", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SpoolInUse(f"another consumer of this feed uses {directory}") from None
        self._directory, self._max_bytes, self._segment_bytes = directory, max_bytes, segment_bytes
        paths = sorted(directory.glob(f"[0-9]*-[0-9]*{_SUFFIX}"))
        self._segments = deque(_Segment(path, path.stat().st_size) for path in paths)
        self._next = self._segments[-1].number + 1 if paths else 1
        self._writer: BinaryIO | None = None
        self._read_from = 0  # offset in the first segment
        self._last_ms = 0  # earliest trade of the last record dropped

    def __bool__(self) -> bool:
        """Return whether the spool holds a batch."""
        return bool(self._segments)

    def used_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    def append(self, record: Record) -> None:
        """Store a batch after all others. Raises SpoolFull."""
        name = record.batch_id.encode()
        checked = _HEADER.pack(_MAGIC, 0, len(name), len(record.payload), record.from_ms, record.to_ms)
        checked = checked[_CHECKED_FROM:] + name + record.payload
        whole = _MAGIC + struct.pack("<I", zlib.crc32(checked)) + checked
        if self.used_bytes() + len(whole) > self._max_bytes:
            raise SpoolFull(f"the spool is at its limit of {self._max_bytes:,} bytes")
        try:
            self._write(whole, record.from_ms)
        except OSError as error:
            self._writer = None  # a half-written record ends its segment; the next record starts a new one
            raise SpoolFull(f"the spool cannot be written: {error.strerror}") from None

    def oldest(self) -> tuple[Record, int] | None:
        """Return the first batch and the offset that `drop` needs, None when the spool is empty.

        A segment is abandoned at the first record with a wrong checksum, which is noted in `damaged`.
        """
        while self._segments:
            with self._segments[0].path.open("rb") as file:
                file.seek(self._read_from)
                record = _read(file)
                if record is not None:
                    return record, file.tell()
            rest = self._segments[0].path.stat().st_size - self._read_from
            if rest:
                after_ms = self._last_ms if self._read_from else self._segments[0].from_ms
                self.damaged.append(Damage(after_ms, rest))
            self._drop_segment()
        return None

    def drop(self, record: Record, end: int) -> None:
        """Delete the first batch after it was put into the inbox."""
        self._read_from, self._last_ms = end, record.from_ms
        if end >= self._segments[0].size:
            self._drop_segment()

    def close(self) -> None:
        """Unlock the directory for another consumer. May be called twice."""
        if self._writer:
            self._writer.close()
            self._writer = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _write(self, whole: bytes, from_ms: int) -> None:
        if self._writer is None or self._segments[-1].size >= self._segment_bytes:
            if self._writer:
                self._writer.close()
            path = self._directory / f"{self._next:012d}-{from_ms}{_SUFFIX}"
            self._writer = path.open("ab", buffering=0)
            self._next += 1
            self._segments.append(_Segment(path, 0))
        written = self._writer.write(whole)
        self._segments[-1].size += written
        if written != len(whole):
            raise OSError(0, "the disk wrote only part of a record")

    def _drop_segment(self) -> None:
        segment = self._segments.popleft()
        if self._writer and not self._segments:
            self._writer.close()
            self._writer = None
        self._read_from = 0
        segment.path.unlink(missing_ok=True)


def _read(file: BinaryIO) -> Record | None:
    """Return the record at the file's position, None at the end and where the record is incomplete or damaged."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or header[:4] != _MAGIC:
        return None
    _, checksum, name_bytes, payload_bytes, from_ms, to_ms = _HEADER.unpack(header)
    left = os.fstat(file.fileno()).st_size - file.tell()
    if name_bytes + payload_bytes > left:  # do not allocate what a damaged length asks for
        return None
    body = file.read(name_bytes + payload_bytes)
    if zlib.crc32(header[_CHECKED_FROM:] + body) != checksum:
        return None
    return Record(body[:name_bytes].decode(), body[name_bytes:], from_ms, to_ms)
