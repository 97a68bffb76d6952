"""Files that users bring, plain or gzipped whatever their names say."""

from __future__ import annotations

import gzip
from typing import IO, cast

_GZIP = b"\x1f\x8b"


def unzipped(raw: IO[bytes]) -> IO[bytes]:
    """The content of a file open for reading at its start: unpacked where its first bytes are those of gzip (RFC 1952).

    Reading a damaged one raises OSError, EOFError or zlib.error. `raw.tell()` stays the bytes read of the file.
    """
    magic = raw.read(len(_GZIP))
    raw.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if magic == _GZIP else raw
