"""Limits of requests and responses, in seconds and bytes."""

from __future__ import annotations

# From the start of a connection, or from the first byte of a later request, to the end of the header.
HEADER_SECONDS = 10.0
HEADER_BYTES = 64 * 1024
BODY_SECONDS = 30.0  # from the end of the header to the end of the body
BODY_BYTES = 2_621_440  # as Django's DATA_UPLOAD_MAX_MEMORY_SIZE
HELD_BYTES = 64 * 2**20  # of all incomplete requests of one worker
# A client may read nothing for this long, and must then have read at least this many bytes per second on average.
SEND_SECONDS = 30.0
SEND_BYTES_PER_SECOND = 4096
RESPONSE_BYTES_IN_MEMORY = 2**20  # of one response; what a client has not read beyond this is kept in a file
CLOSE_SECONDS = 2.0  # to wait for the client to close, after the last response
