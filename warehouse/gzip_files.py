"""Reading of files that may be gzipped, whatever their names."""

from __future__ import annotations

import gzip
from typing import IO, cast

_GZIP = b"\x1f\x8b"


def unzipped(raw: IO[bytes]) -> IO[bytes]:
    """Return a reader of a file opened at its start, which decompresses it when it begins as gzip (RFC 1952).

    Reading a damaged file raises OSError, EOFError or zlib.error. `raw.tell()` remains the position in the file.
    """
    magic = raw.read(len(_GZIP))
    raw.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if magic == _GZIP else raw
