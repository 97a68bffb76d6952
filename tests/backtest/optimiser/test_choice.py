"""Which firings a genome chooses, and that the default genome scores as the scanner does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backtest.optimiser.candidates import COMPONENTS
from backtest.optimiser.choice import chosen, prepare, scores
from backtest.optimiser.layout import Layout
from signals.styles import styles
from tests.backtest.optimiser.synthetic import candidates

MANY = candidates(count=400)
LAYOUT = Layout(MANY.detectors)


def choose(found, **genes):
    """Return the positions that the default genome chooses after genes have been replaced."""
    parts = replace(LAYOUT.parts(LAYOUT.default[None]), **genes)
    return np.flatnonzero(chosen(prepare(found), parts)[0]).tolist()


def varied(seed=5):
    """Return candidates with missing components, flows to be followed, daily bars, and blocks."""
    generator = np.random.default_rng(seed)
    missing = generator.random((5, 400)) < 0.4
    missing[:, :20] = True
    return replace(
        MANY,
        components=np.where(missing, np.nan, MANY.components),
        followed=np.where(generator.random(400) < 0.2, 80.0, 0.0),
        is_daily=generator.random(400) < 0.3,
        blocked=generator.random(400) < 0.1,
    )


def expected(found, minimum=60.0, weights=None):
    """Choose with the functions of the scanner, firing by firing."""
    rows = []
    for row in range(len(found)):
        weight = 1.0 if weights is None else weights[found.detector[row]]
        total = weight * found.base[row] + found.deltas[:, row].sum()
        final = min(100.0, max(0.0, total * found.factor[row]))
        values = found.components[:, row].tolist()
        parts = {name: None if np.isnan(one) else one for name, one in zip(COMPONENTS, values, strict=True)}
        followed = int(found.followed[row]) or None
        style = styles(final, parts, followed, "1d" if found.is_daily[row] else "15m")
        if getattr(style, style.style) >= minimum and not found.blocked[row]:
            rows.append(row)
    return rows


def test_the_default_genome_scores_as_the_scanner_does():
    found = varied()
    assert choose(found) == expected(found)
    assert choose(MANY) == expected(MANY)
    assert 50 < len(choose(found)) < 350


def test_a_detector_counts_by_its_weight():
    weights = np.where(np.arange(17) < 5, 1.2, 0.8)
    assert choose(varied(), weights=weights[None]) == expected(varied(), weights=weights)
    none = choose(MANY, weights=np.where(np.arange(17) == 3, 1.0, 0.0)[None])
    assert set(MANY.detector[none]) == {3}


def test_boosts_and_flow_count_by_their_multipliers():
    genes = LAYOUT.parts(LAYOUT.default[None])
    genes = replace(genes, boosts=np.array([[2.0, 0.0, 0.5, 1.0]]), flow=np.array([[0.5]]))
    total = MANY.base + np.array([2.0, 0.0, 0.5, 1.0]) @ MANY.deltas
    assert scores(MANY, genes)[0] == pytest.approx(
        np.clip(total * (1 + 0.5 * (MANY.factor - 1)), 0, 100), rel=1e-12
    )


def test_each_style_has_its_own_minimum():
    found = varied()
    assert choose(found, minimum=np.array([[101.0, 101.0, 60.0]])) == [
        row for row in expected(found) if found.is_daily[row]
    ]
    assert choose(found, minimum=np.array([[101.0, 101.0, 101.0]])) == []


def test_a_component_without_weight_does_not_count():
    only_trend = np.array([[1.0, 0.0, 0.0, 0.0, 0.0]])
    trend = np.where(np.arange(5)[:, None] == 0, MANY.components, 0.0)
    assert choose(replace(MANY, components=trend), components=only_trend) == choose(
        MANY, components=only_trend
    )


def test_without_components_the_final_score_alone_counts():
    empty = replace(MANY, components=np.full((5, 400), np.nan))
    genes = LAYOUT.parts(LAYOUT.default[None])
    assert choose(empty) == np.flatnonzero(scores(MANY, genes)[0] >= 60).tolist()


def test_a_score_at_the_minimum_is_chosen():
    ones = replace(
        MANY,
        base=np.full(400, 60.0),
        deltas=np.zeros((4, 400)),
        factor=np.ones(400),
        components=np.full((5, 400), 60.0),
    )
    assert len(choose(ones)) == 400


def one_by_one(found, wanted, variant):
    free, taken = {}, []
    for row in wanted:
        key = int(found.key[row])
        if found.fires_at[row] >= free.get(key, -1):
            taken.append(row)
            free[key] = found.free_at[variant, row]
    return taken


@pytest.mark.parametrize("variant", [0, 1])
def test_one_firing_of_a_key_is_live_at_a_time(variant):
    generator = np.random.default_rng(2)
    many = candidates(count=400, variants=2)
    apart = replace(many, free_at=many.fires_at + np.array([[4000], [9000]]))
    together = replace(apart, key=generator.integers(0, 6, 400))
    genes = {"exits": np.array([variant])}
    wanted = choose(apart, **genes)
    found = choose(together, **genes)
    assert found == one_by_one(together, wanted, variant)
    assert 0 < len(found) < len(wanted)


def test_a_genome_chooses_the_same_alone_and_among_others():
    layout = Layout(MANY.detectors)
    generator = np.random.default_rng(3)
    genomes = layout.lower + generator.random((30, len(layout.lower))) * (layout.upper - layout.lower)
    prepared = prepare(varied())
    together = chosen(prepared, layout.parts(genomes))
    for place in range(30):
        assert np.array_equal(chosen(prepared, layout.parts(genomes[place : place + 1]))[0], together[place])


def test_no_candidates_leave_nothing_to_choose():
    assert choose(MANY.pick(np.array([], dtype=np.int64))) == []


def test_candidates_in_another_order_are_refused():
    with pytest.raises(ValueError, match="order in which they fire"):
        MANY.pick(np.arange(400)[::-1])
