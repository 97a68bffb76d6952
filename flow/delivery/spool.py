"""Batches on disk while the inbox is away or full: append, replay in order, bounded in bytes.

Segment files of records, each with a checksum. Records are handed to the kernel, not forced to the platter: they
outlive the process, and a power cut takes no more than the inbox's own second. A record that was replayed may be
replayed again after a crash, which changes nothing: the batch keeps its id and its rows their keys.
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
)  # magic, checksum of all that follows, bytes of id and payload, span
_MAGIC: Final = b"SPL1"
_CHECKED_FROM: Final = 8
_SUFFIX: Final = ".spool"


class SpoolFull(Exception):
    """The spool holds as many bytes as it may, or the disk refuses more. The batch is not stored."""


class SpoolInUse(Exception):
    """Another consumer of the same feed runs on this machine."""


class Record(NamedTuple):
    """A batch, and the exchange times its trades lie between, epoch ms."""

    batch_id: str
    payload: bytes
    from_ms: int
    to_ms: int


class Damage(NamedTuple):
    """A segment that could not be read to its end. The batches of its unread rest are younger than the one whose
    earliest trade is of `after_ms`."""

    after_ms: int
    bytes: int


@dataclass(slots=True)
class _Segment:
    """A file named `number-time`: the time is that of its first batch, known even where that cannot be read."""

    path: Path
    size: int

    @property
    def number(self) -> int:
        return int(self.path.stem.partition("-")[0])

    @property
    def from_ms(self) -> int:
        return int(self.path.stem.partition("-")[2])


class Spool:
    """The spool in one directory, which it locks. For one thread. Raises SpoolInUse."""

    def __init__(self, directory: Path, max_bytes: int, segment_bytes: int = 16 * 2**20) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.damaged: list[Damage] = []
        self._lock = os.open(directory / "in-use", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SpoolInUse(f"another consumer uses {directory}; it owns this feed") from None
        self._directory, self._max_bytes, self._segment_bytes = directory, max_bytes, segment_bytes
        found = sorted(directory.glob(f"[0-9]*-[0-9]*{_SUFFIX}"))
        self._segments = deque(_Segment(path, path.stat().st_size) for path in found)
        self._next = self._segments[-1].number + 1 if found else 1
        self._writer: BinaryIO | None = None
        self._read_from = 0  # of the first segment
        self._last_ms = 0  # the earliest trade of the last record dropped

    def __bool__(self) -> bool:
        """Whether a batch waits here."""
        return bool(self._segments)

    def used_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    def append(self, record: Record) -> None:
        """Stores a batch behind all others. Raises SpoolFull."""
        name = record.batch_id.encode()
        checked = _HEADER.pack(_MAGIC, 0, len(name), len(record.payload), record.from_ms, record.to_ms)
        checked = checked[_CHECKED_FROM:] + name + record.payload
        whole = _MAGIC + struct.pack("<I", zlib.crc32(checked)) + checked
        if self.used_bytes() + len(whole) > self._max_bytes:
            raise SpoolFull(f"the spool holds its {self._max_bytes:,} bytes")
        try:
            self._write(whole, record.from_ms)
        except OSError as error:
            self._writer = None  # a half-written record ends its segment; the next one starts anew
            raise SpoolFull(f"the spool cannot be written: {error.strerror}") from None

    def oldest(self) -> tuple[Record, int] | None:
        """The first batch and what `drop` wants to know of it; None when none waits.

        A segment that breaks its checksum is given up from there on, and noted in `damaged`.
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
        """Forgets the first batch, which is in the inbox now."""
        self._read_from, self._last_ms = end, record.from_ms
        if end >= self._segments[0].size:
            self._drop_segment()

    def close(self) -> None:
        """Frees the directory for another consumer. Closing twice is once."""
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
            raise OSError(0, "the disk took only part of a record")

    def _drop_segment(self) -> None:
        segment = self._segments.popleft()
        if self._writer and not self._segments:
            self._writer.close()
            self._writer = None
        self._read_from = 0
        segment.path.unlink(missing_ok=True)


def _read(file: BinaryIO) -> Record | None:
    """The record at the file's position; None at the end and where there is no whole, sound one."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or header[:4] != _MAGIC:
        return None
    _, checksum, name_bytes, payload_bytes, from_ms, to_ms = _HEADER.unpack(header)
    left = os.fstat(file.fileno()).st_size - file.tell()
    if name_bytes + payload_bytes > left:  # a damaged length must not make us allocate it
        return None
    body = file.read(name_bytes + payload_bytes)
    if zlib.crc32(header[_CHECKED_FROM:] + body) != checksum:
        return None
    return Record(body[:name_bytes].decode(), body[name_bytes:], from_ms, to_ms)
