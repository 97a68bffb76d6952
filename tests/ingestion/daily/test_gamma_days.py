"""Daily sums of gamma from columns: even medians, absent values, and rows that are not replaced."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from ingestion.daily.gamma_days import gamma_day, store_gamma_days
from warehouse.asof.gamma import GammaSlots
from warehouse.models import GammaDay, GammaSlot

SESSION = date(2026, 11, 18)


def slots(*rows: tuple[float, float, str]) -> GammaSlots:
    """Snapshots of (net gamma, gross gamma, source of open interest); other numbers are NaN and texts ''."""
    net, gross, source = zip(*rows, strict=True)
    numbers = np.full(len(rows), np.nan)
    texts = np.full(len(rows), "", dtype=np.str_)
    columns: dict[str, Any] = {
        field.name: texts if field.type == "Texts" else numbers for field in fields(GammaSlots)
    }
    return replace(
        GammaSlots(**columns),
        total_gamma=np.array(net, dtype=np.float64),
        gross_gamma=np.array(gross, dtype=np.float64),
        oi_source=np.array(source),
    )


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle():
    columns = gamma_day(slots(*((1.0, gross, "provider") for gross in (10.0, 40.0, 20.5, 30.0))))
    assert columns is not None
    assert (columns["snapshots"], columns["gross_gamma_median"]) == (4, Decimal("25.25"))


def test_snapshots_weighted_by_volume_do_not_count():
    columns = gamma_day(
        slots((7, 9, "volume_proxy"), (5, 1, "provider"), (-8, 3, "provider"), (9, 9, "volume_proxy"))
    )
    assert columns is not None
    assert [columns[f"total_gamma_{name}"] for name in ("open", "close", "low", "high")] == [5, -8, -8, 5]
    assert (columns["snapshots"], columns["gross_gamma_median"]) == (2, 2)
    assert gamma_day(slots((7, 9, "volume_proxy"))) is None


def test_absent_values_are_null():
    nan = float("nan")
    columns = gamma_day(slots((nan, nan, "provider"), (3.5, nan, "provider")))
    assert columns is not None
    assert [columns[f"total_gamma_{name}"] for name in ("open", "close", "low", "high")] == [
        None,
        3.5,
        3.5,
        3.5,
    ]
    assert (columns["gross_gamma_median"], columns["underlying_close"], columns["dealer_positioning"]) == (
        None,
        None,
        None,
    )
    empty = gamma_day(slots((nan, nan, "provider")))
    assert empty is not None
    assert (empty["total_gamma_low"], empty["total_gamma_high"]) == (None, None)


@pytest.mark.database
@pytest.mark.django_db
def test_a_row_of_fewer_snapshots_does_not_replace_one_of_more():
    def add(at_ms: int, net: float) -> None:
        GammaSlot.objects.create(
            symbol="SPX", timestamp=at_ms, total_gamma=net, oi_source="provider", method_version="test"
        )

    add(100, 5)
    add(200, 6)
    assert store_gamma_days(SESSION, 100, 201, None) == 1
    assert store_gamma_days(SESSION, 100, 200, None) == 0
    row = GammaDay.objects.get()
    assert (row.snapshots, row.total_gamma_open, row.total_gamma_close) == (2, 5, 6)
    GammaSlot.objects.update(total_gamma=7)
    assert store_gamma_days(SESSION, 100, 201, None) == 1
    assert GammaDay.objects.get().total_gamma_open == 7
