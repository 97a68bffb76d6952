"""Ranks of the best of random weights on the half of the sessions that did not choose them."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import numpy as np

from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Value

BINS = 20
COLUMNS = (
    Column("rank", "Rank of the best weights", "", True),
    Column("splits", "Splits"),
    Column("share", "Share", "0 to 1"),
)


def overfitting_document(result: Mapping[str, Any]) -> ChartDocument:
    """Return the relative ranks, 0 (worst) to 1 (best), of the best weights in 20 parts of equal width."""
    found = result["overfitting"]
    rows: list[list[Value]] = []
    cells: list[list[str]] = []
    if found is not None:
        logits, counts = np.array(found["logits"]).T
        ranks = np.array([1 / (1 + exp(-value)) for value in logits])
        bins = np.minimum((ranks * BINS).astype(int), BINS - 1)
        sums = np.bincount(bins, counts, minlength=BINS).astype(int)
        total = int(sums.sum())
        for number, count in enumerate(sums.tolist()):
            low, high = number * 100 // BINS, (number + 1) * 100 // BINS
            rows.append([f"{low} to {high} %", count, count / total])
            cells.append([f"{low} to {high} %", formats.number(count), formats.percent(count / total, 1)])
    return ChartDocument(
        chart="overfitting",
        symbol=None,
        title="Rank elsewhere of the best weights",
        unit="of weights drawn at random, 100 % is the best",
        sentence=_sentence(found),
        state="CLOSED" if rows else "EMPTY",
        state_text="",
        slot_ms=None,
        columns=COLUMNS,
        rows=rows,
        cells=cells,
        empty=None if rows else Empty("There are fewer than four sessions with data."),
    )


def _sentence(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    splits = sum(count for _, count in found["logits"])
    return (
        f"The sessions were halved in {formats.number(splits)} ways. In {formats.percent(found['probability'], 1)} the"
        " best of random weights in one half are in the worse half of the ranks in the other one; without an advantage"
        " it is about 50 %."
    )
