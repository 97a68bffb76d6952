"""The genome and its form as a configuration."""

from __future__ import annotations

import numpy as np

from backtest.optimiser.layout import Layout

LAYOUT = Layout(("orb_breakout", "vwap_reversion"), variants=3)


def test_each_gene_has_a_name_and_bounds():
    names = LAYOUT.names
    assert names[:3] == ("detectors.orb_breakout", "detectors.vwap_reversion", "boosts.iv")
    assert names[6:8] == ("boosts.flow", "components.trend")
    assert names[-4:] == ("minimum.scalp", "minimum.day", "minimum.swing", "exits")
    assert len(names) == len(LAYOUT.lower) == len(LAYOUT.upper) == len(LAYOUT.default) == 16
    assert ((LAYOUT.lower <= LAYOUT.default) & (LAYOUT.default <= LAYOUT.upper)).all()


def test_a_genome_and_its_configuration_are_the_same():
    genome = LAYOUT.lower + (LAYOUT.upper - LAYOUT.lower) * np.linspace(0, 1, 16)
    config = LAYOUT.config(genome)
    assert config["detectors"] == {"orb_breakout": 0.0, "vwap_reversion": 0.1}
    assert config["minimum"]["day"] == round(40 + 50 * 13 / 15, 4)
    assert config["exits"] == 2
    again = LAYOUT.genome(config)
    assert LAYOUT.config(again) == config
    one, two = LAYOUT.parts(genome[None]), LAYOUT.parts(again[None])
    assert np.array_equal(one.minimum, two.minimum)
    assert np.array_equal(one.exits, two.exits)


def test_what_a_configuration_does_not_name_keeps_its_default():
    found = LAYOUT.genome({"detectors": {"orb_breakout": 0.5}, "minimum": {}})
    assert found[0] == 0.5
    assert np.array_equal(found[1:], LAYOUT.default[1:])


def test_genes_are_divided_by_their_meaning_and_rounded():
    genes = LAYOUT.parts(np.array([LAYOUT.default + 0.12344, LAYOUT.upper]))
    assert genes.weights.tolist() == [[1.1234, 1.1234], [1.5, 1.5]]
    assert [part.shape for part in (genes.boosts, genes.flow, genes.components, genes.minimum)] == [
        (2, 4),
        (2, 1),
        (2, 5),
        (2, 3),
    ]
    assert genes.exits.tolist() == [0, 2]


def test_one_variant_fixes_the_exits():
    layout = Layout(("orb_breakout",))
    assert layout.lower[-1] == layout.upper[-1] == 0.0
    assert layout.config(layout.default)["exits"] == 0


def test_genomes_with_equal_rounded_genes_have_one_key():
    near, apart = LAYOUT.default + 0.00001, LAYOUT.default + 0.0001
    one, two, other = LAYOUT.keys(np.array([LAYOUT.default, near, apart]))
    assert one == two != other
    assert len(one) == 16
