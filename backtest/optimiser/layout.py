"""The genome of the optimiser: which number means what, its bounds, and its form as a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from backtest.optimiser.candidates import BOOSTS, COMPONENTS, STYLES
from quant.chain import Floats
from quant.market.paths import Ints
from quant.score_thresholds import BOOST_RULES

DECIMALS = 4  # of a gene: what is stored and shown is what was tested
FLOW = "flow"
# Least and largest value of a gene, and the one that leaves the scanner's score as it is.
DETECTOR = (0.0, 1.5, 1.0)
BOOST = (0.0, 2.0, 1.0)
COMPONENT = (0.0, 2.0, 1.0)
MINIMUM = (40.0, 90.0, BOOST_RULES.minimum_score)


@dataclass(frozen=True, slots=True)
class Layout:
    """The genes of a genome.

    They are, in this order: a weight of each detector, multipliers of the boosts and of the flow, weights of the
    components, the minimum score of each style, and the variant of the exits, which is fixed with one variant.
    """

    detectors: tuple[str, ...]
    variants: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the genes, such as `detectors.orb_breakout`."""
        parts = {
            "detectors": self.detectors,
            "boosts": (*BOOSTS, FLOW),
            "components": COMPONENTS,
            "minimum": STYLES,
        }
        return (*(f"{part}.{name}" for part, names in parts.items() for name in names), "exits")

    @property
    def lower(self) -> Floats:
        return self._bounds(0, 0.0)

    @property
    def upper(self) -> Floats:
        return self._bounds(1, self.variants - 10.0**-DECIMALS if self.variants > 1 else 0.0)

    @property
    def default(self) -> Floats:
        """The genome that changes no score, shape (d,)."""
        return self._bounds(2, 0.0)

    def draw(self, count: int, seed: int) -> Floats:
        """Return genomes that are uniform within the bounds, shape (count, d)."""
        share = np.random.default_rng(seed).random((count, len(self.names)))
        genomes: Floats = self.lower + share * (self.upper - self.lower)
        return genomes

    def _bounds(self, which: int, exits: float) -> Floats:
        kinds = [DETECTOR] * len(self.detectors) + [BOOST] * (len(BOOSTS) + 1)
        kinds += [COMPONENT] * len(COMPONENTS) + [MINIMUM] * len(STYLES)
        return np.array([kind[which] for kind in kinds] + [exits])

    def parts(self, genomes: Floats) -> Genes:
        """Return the genes of genomes, shape (p, d), by what they mean; numbers are rounded to four decimals."""
        genomes = np.round(genomes, DECIMALS)
        ends = np.cumsum([len(self.detectors), len(BOOSTS), 1, len(COMPONENTS), len(STYLES)])
        weights, boosts, flow, components, minimum, exits = np.split(genomes, ends, axis=1)
        return Genes(weights, boosts, flow, components, minimum, np.floor(exits[:, 0]).astype(np.int64))

    def keys(self, genomes: Floats) -> list[str]:
        """Return a short key of each genome, shape (p, d): equal for those whose rounded genes are equal."""
        whole = np.round(genomes * 10**DECIMALS).astype(np.int64)
        return [blake2b(row.tobytes(), digest_size=8).hexdigest() for row in whole]

    def config(self, genome: Floats) -> dict[str, Any]:
        """Return a genome, shape (d,), as a configuration of nested names."""
        found: dict[str, Any] = {}
        for name, value in zip(self.names, np.round(genome, DECIMALS).tolist(), strict=True):
            part, _, gene = name.partition(".")
            if gene:
                found.setdefault(part, {})[gene] = value
            else:
                found[part] = int(value)
        return found

    def genome(self, config: Mapping[str, Any]) -> Floats:
        """Return the genome of a configuration, shape (d,); what it does not name keeps its default."""
        found = self.default
        for place, name in enumerate(self.names):
            part, _, gene = name.partition(".")
            stored = config.get(part)
            found[place] = (
                found[place] if stored is None else stored.get(gene, found[place]) if gene else stored
            )
        return found


@dataclass(frozen=True, slots=True)
class Genes:
    """Genes by what they mean, one row per genome: shapes (p, detectors), (p, 4), (p, 1), (p, 5), (p, 3) and (p,)."""

    weights: Floats
    boosts: Floats
    flow: Floats
    components: Floats
    minimum: Floats
    exits: Ints
