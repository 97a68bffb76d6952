"""Events in an unnamed temporary file, indexed by second and contract."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Place(NamedTuple):
    """Location of some events in the file, grouped by contract; `starts` are the groups' first rows."""

    row: int
    size: int
    contracts: NDArray[np.int32]
    starts: NDArray[np.int32]


class EventFile:
    """File of records of one dtype with the fields `contract` and `q`. One thread writes, any thread reads."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.none: NDArray[Any] = np.empty(0, dtype)
        # The file is created with the first event, because most worlds never stream.
        self._file: int | None = None
        self._rows = 0

    def write(self, events: NDArray[Any]) -> Place:
        """Append events and return their location."""
        rows = events[np.lexsort((events["q"], events["contract"]))]
        contracts, starts = np.unique(rows["contract"], return_index=True)
        os.pwrite(self._opened(), rows.tobytes(), self._rows * rows.itemsize)
        place = Place(self._rows, len(rows), contracts, starts.astype(np.int32))
        self._rows += len(rows)
        return place

    def read(self, place: Place) -> NDArray[Any]:
        """Return all events of a location, grouped by contract."""
        return self._read(place.row, place.size)

    def of_contract(self, place: Place, contract: int) -> NDArray[Any]:
        """Return one contract's events of a location, ascending by `q`."""
        at = int(np.searchsorted(place.contracts, contract))
        if at == len(place.contracts) or place.contracts[at] != contract:
            return self.none
        end = place.starts[at + 1] if at + 1 < len(place.starts) else place.size
        return self._read(place.row + int(place.starts[at]), int(end - place.starts[at]))

    def _read(self, row: int, count: int) -> NDArray[Any]:
        size = self.none.itemsize
        return np.frombuffer(os.pread(self._opened(), count * size, row * size), dtype=self.none.dtype)

    def _opened(self) -> int:
        if self._file is None:
            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._file)
        return self._file
