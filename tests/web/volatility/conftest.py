"""The clock of the tests of watch lists: the evening after the session of 19 November 2025."""

from __future__ import annotations

from tests.warehouse.asof.conftest import evening as evening
