"""Events of many seconds in an unnamed temporary file, found again by second and contract."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Place(NamedTuple):
    """Where some events stand: by contract, each contract's from `starts` on."""

    row: int
    size: int
    contracts: NDArray[np.int32]
    starts: NDArray[np.int32]


class EventFile:
    """Records of one dtype with the fields `contract` and `q`. One thread writes, any may read."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.none: NDArray[Any] = np.empty(0, dtype)
        # Most worlds never stream: no file before the first event.
        self._file: int | None = None
        self._rows = 0

    def write(self, events: NDArray[Any]) -> Place:
        rows = events[np.lexsort((events["q"], events["contract"]))]
        contracts, starts = np.unique(rows["contract"], return_index=True)
        os.pwrite(self._opened(), rows.tobytes(), self._rows * rows.itemsize)
        place = Place(self._rows, len(rows), contracts, starts.astype(np.int32))
        self._rows += len(rows)
        return place

    def read(self, place: Place) -> NDArray[Any]:
        """All events of a place, by contract."""
        return self._read(place.row, place.size)

    def of_contract(self, place: Place, contract: int) -> NDArray[Any]:
        """One contract's events of a place, ascending by `q`."""
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
