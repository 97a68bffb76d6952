"""A genetic algorithm for a vectorised objective under hard constraints.

Selection follows Deb's rule (2000): a feasible genome beats an infeasible one, of two feasible ones the better value
wins, of two infeasible ones the smaller violation. Parents are the winners of tournaments of three, children take each
gene from either parent, and mutation adds normal numbers whose standard deviation falls to zero in the last generation.
Within a generation it differs between children, so that small and large steps are always tried. The best genomes
pass on unchanged, so the best value never becomes worse.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quant.chain import Floats
from quant.market.paths import Ints

# From genomes (p, d) to values (p,) and violations (p,); a violation of 0 or less is feasible, NaN never is.
Objective = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Numbers of the algorithm. `patience` ends it after as many generations without a better genome, None never."""

    population: int = 60
    generations: int = 50
    elites: int = 2
    tournament: int = 3
    crossover: float = 0.5  # probability that a gene comes from the second parent
    mutation: float = 0.15  # probability that a gene mutates; at least one does
    spread: float = (
        0.5  # largest standard deviation of a mutation in the first generation, of the range of the gene
    )
    annealing: int = 3  # power with which the spread falls to zero over the generations
    patience: int | None = None
    maximise: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.elites < self.population or self.generations < 1 or self.tournament < 1:
            raise ValueError(f"there must be more genomes than elites, and a generation: {self}")


@dataclass(frozen=True, slots=True)
class State:
    """A generation, best genome first: `genomes` (p, d), their `values` and `violations` (p,).

    Generation 0 is the first population. `stagnant` counts the generations since the best genome became better,
    `evaluations` the genomes evaluated so far, and `generator` is the state of the random numbers, from which the
    algorithm continues as if it had not been interrupted.
    """

    generation: int
    genomes: Floats
    values: Floats
    violations: Floats
    stagnant: int
    evaluations: int
    generator: Mapping[str, Any]

    @property
    def best(self) -> Floats:
        """The best genome so far, shape (d,)."""
        best: Floats = self.genomes[0]
        return best

    @property
    def is_feasible(self) -> bool:
        """Whether the best genome keeps all constraints."""
        return bool(self.violations[0] == 0)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values, without loss."""
        arrays = {name: b64encode(getattr(self, name).tobytes()).decode() for name in _ARRAYS}
        return arrays | {
            "genes": self.genomes.shape[1],
            "generation": self.generation,
            "stagnant": self.stagnant,
            "evaluations": self.evaluations,
            "generator": dict(self.generator),
        }


_ARRAYS = ("genomes", "values", "violations")


def load(dumped: Mapping[str, Any]) -> State:
    """Return the state that `State.dump` gave."""
    genomes, values, violations = (np.frombuffer(b64decode(dumped[name])) for name in _ARRAYS)
    return State(
        generation=dumped["generation"],
        genomes=genomes.reshape(-1, dumped["genes"]),
        values=values,
        violations=violations,
        stagnant=dumped["stagnant"],
        evaluations=dumped["evaluations"],
        generator=dumped["generator"],
    )


def evolve(
    objective: Objective,
    lower: Floats,
    upper: Floats,
    settings: Settings,
    *,
    seed: int | Sequence[int] = 0,
    first: Floats | None = None,
    state: State | None = None,
) -> Iterator[State]:
    """Yield each generation, from 0 on, until the last one or until there is no better genome for too long.

    `lower` and `upper`, shape (d,), bound the genes. `first`, shape (k, d), are genomes of the first population, such
    as the defaults; the others are uniform within the bounds. With `state` the generations after it are yielded, equal
    to those of an uninterrupted run with the same objective and settings. Raises ValueError for bounds in the wrong
    order.
    """
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if not (lower <= upper).all():
        raise ValueError("each lower bound must be at most the upper one")
    generator = np.random.default_rng(seed)
    if state is None:
        state = _first(objective, lower, upper, settings, generator, first)
        yield state
    else:
        generator.bit_generator.state = state.generator
    while state.generation < settings.generations and (
        settings.patience is None or state.stagnant < settings.patience
    ):
        state = _next(objective, lower, upper, settings, generator, state)
        yield state


def _first(
    objective: Objective,
    lower: Floats,
    upper: Floats,
    settings: Settings,
    generator: np.random.Generator,
    first: Floats | None,
) -> State:
    genomes = lower + generator.random((settings.population, len(lower))) * (upper - lower)
    if first is not None:
        given = np.clip(first[: settings.population], lower, upper)
        genomes[: len(given)] = given
    values, violations = _evaluate(objective, genomes)
    order = _order(values, violations, settings)
    return State(
        0, genomes[order], values[order], violations[order], 0, len(genomes), generator.bit_generator.state
    )


def _next(
    objective: Objective,
    lower: Floats,
    upper: Floats,
    settings: Settings,
    generator: np.random.Generator,
    state: State,
) -> State:
    kept = settings.elites
    children = _children(state.genomes, lower, upper, settings, generator, state.generation + 1)
    new_values, new_violations = _evaluate(objective, children)
    genomes = np.concatenate([state.genomes[:kept], children])
    values = np.concatenate([state.values[:kept], new_values])
    violations = np.concatenate([state.violations[:kept], new_violations])
    order = _order(values, violations, settings)
    return State(
        generation=state.generation + 1,
        genomes=genomes[order],
        values=values[order],
        violations=violations[order],
        # The sort is stable, so an equal child comes after the best genome so far.
        stagnant=state.stagnant + 1 if order[0] == 0 else 0,
        evaluations=state.evaluations + len(children),
        generator=generator.bit_generator.state,
    )


def _children(
    genomes: Floats,
    lower: Floats,
    upper: Floats,
    settings: Settings,
    generator: np.random.Generator,
    generation: int,
) -> Floats:
    """Return the children of genomes that are ordered from the best to the worst."""
    count, genes = len(genomes) - settings.elites, genomes.shape[1]
    one, two = generator.integers(0, len(genomes), (settings.tournament, 2, count)).min(axis=0)
    children = np.where(generator.random((count, genes)) < settings.crossover, genomes[two], genomes[one])
    mutates = generator.random((count, genes)) < settings.mutation
    mutates[np.arange(count), generator.integers(0, genes, count)] = True
    left = 1 - generation / settings.generations
    step = settings.spread * (upper - lower) * left**settings.annealing
    size = generator.random((count, 1)) ** 2
    children = children + mutates * generator.normal(size=(count, genes)) * size * step
    bounded: Floats = np.clip(children, lower, upper)
    return bounded


def _evaluate(objective: Objective, genomes: Floats) -> tuple[Floats, Floats]:
    values, violations = objective(genomes)
    # A value or violation that cannot be computed is as bad as possible.
    worst = np.isnan(values) | np.isnan(violations)
    return np.asarray(values, dtype=float), np.where(worst, np.inf, np.maximum(violations, 0.0))


def _order(values: Floats, violations: Floats, settings: Settings) -> Ints:
    return np.lexsort((-values if settings.maximise else values, violations))
