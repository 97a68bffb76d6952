"""Parts of the pages of the optimiser: steps, weights as bars, and the documents of the charts."""

from __future__ import annotations

from math import log

import pytest

from tests.web.optimiser.stored import NOISE, REQUEST, fitted
from web.optimiser.documents.generations import generations_document
from web.optimiser.documents.overfitting import overfitting_document
from web.optimiser.progress import steps_of
from web.optimiser.weights import exits_in_words, groups


@pytest.mark.parametrize(
    ("progress", "shares", "words"),
    [
        ({}, [0, 0, 0, 0], None),
        ({"stage": "QQQ", "done": 30, "total": 60}, [0.25, 0, 0, 0], "QQQ, 30 of 60 sessions"),
        (
            {"stage": "other workers", "done": 1, "total": 2},
            [0.5, 0, 0, 0],
            "1 of 2 symbols, other workers test the others",
        ),
        ({"stage": "fold 3", "done": 6, "total": 12}, [1, 2.5 / 3, 0, 0], "test 3 of 3, generation 6 of 12"),
        ({"stage": "fold 9", "done": 6, "total": 12}, [1, 1, 0, 0], "combination 6, generation 6 of 12"),
        ({"stage": "all sessions", "done": 3, "total": 12}, [1, 1, 0.25, 0], "generation 3 of 12"),
        ({"stage": "check", "done": 0, "total": 3}, [1, 1, 1, 0], "test 0 of 3"),
        ({"stage": "done", "done": 1, "total": 1}, [1, 1, 1, 1], None),
    ],
)  # fmt: skip
def test_steps_follow_what_the_worker_stored(progress, shares, words):
    steps = steps_of(REQUEST, progress)
    assert [step.share for step in steps] == pytest.approx(shares)
    assert [step.state for step in steps if step.is_current] == ([words] if words else [])


def test_weights_are_bars_between_their_bounds():
    result, _ = fitted(NOISE)
    detectors, engines, components, minimum = groups(result)
    weights = [float(bar.text.removeprefix("× ")) for bar in detectors.bars]
    assert weights == sorted(weights, reverse=True)
    assert detectors.bars[0].place == pytest.approx(weights[0] / 1.5 * 100, abs=0.4)
    assert {bar.default_place for bar in detectors.bars} == {66.7}
    assert [bar.name for bar in engines.bars] == [
        "IV percentile", "Gamma", "Timeframes", "Regime", "Flow, 4 hours",
    ]  # fmt: skip
    assert components.ends == "0.0 to 2.0, default × 1.00"
    assert [(bar.name, bar.default, bar.default_place) for bar in minimum.bars] == [
        ("Scalp", "60.0", 40.0), ("Day", "60.0", 40.0), ("Swing", "60.0", 40.0),
    ]  # fmt: skip
    folds = [one["config"]["minimum"]["day"] for one in result["folds"]]
    assert minimum.bars[1].folds == f"{min(folds):.1f} to {max(folds):.1f}"
    assert minimum.bars[1].low == pytest.approx((min(folds) - 40) / 50 * 100, abs=0.06)
    assert minimum.bars[1].right == pytest.approx((90 - max(folds)) / 50 * 100, abs=0.06)
    assert exits_in_words({"exits": 3}) == "stop × 1.50, targets × 1.50"


def best(rate: float, expectancy: float, is_feasible: bool = True) -> dict[str, object]:
    return {"win_rate": rate, "expectancy_r": expectancy, "is_feasible": is_feasible}


def test_generations_of_fits_that_end_early_or_keep_no_limit_are_gaps():
    stored = {
        "all sessions": [best(0.4, 0.0), best(0.5, 0.25)],
        "fold 1": [best(0.9, 1.0, is_feasible=False), best(0.41, 0.02), best(0.6, 0.5)],
        "fold 5": [best(0.7, 1.0)],  # of a combination
    }
    document = generations_document(REQUEST, stored)
    assert document.parts == {"fits": ["Test 1", "All sessions"], "target": 0.65}
    assert document.rows == [[0, None, None, 0.4, 0.0], [1, 0.41, 0.02, 0.5, 0.25], [2, 0.6, 0.5, None, None]]
    assert document.cells[0] == ["0", "– no weights keep all limits", "–", "40.0 %", "0.00 R"]
    assert document.sentence.startswith("The fit to all sessions went from 40.0 % to 50.0 % in 1 generation.")
    nothing = generations_document(REQUEST, {"fold 1": stored["fold 1"][:1]})
    assert (
        nothing.sentence
        == "The fit before test 1 has found no weights that keep all limits in 0 generations."
    )
    assert generations_document(REQUEST, {}).empty is not None


def test_ranks_are_counted_in_twenty_parts():
    found = {"probability": 0.8, "logits": [[log(1 / 3), 3], [0.0, 1], [log(39), 1]]}
    document = overfitting_document({"overfitting": found})
    assert {row[0]: row[1:] for row in document.rows if row[1]} == {
        "25 to 30 %": [3, 0.6], "50 to 55 %": [1, 0.2], "95 to 100 %": [1, 0.2],
    }  # fmt: skip
    assert document.sentence.startswith("The sessions were halved in 5 ways. In 80.0 % the best")
