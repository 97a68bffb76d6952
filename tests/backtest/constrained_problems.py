"""Constrained problems of CEC 2006 with known optima (Liang et al. 2006)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problem:
    """A problem to minimise; `formula` gives values and constraints, which hold at or below zero."""

    formula: Callable
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    best_at: tuple[float, ...]
    best: float

    def objective(self, genomes):
        values, constraints = self.formula(*genomes.T)
        return values, sum(np.maximum(each, 0.0) for each in constraints)


def g01(*x):
    first, rest = x[:4], x[4:]
    value = 5 * sum(first) - 5 * sum(each**2 for each in first) - sum(rest)
    return value, (
        2 * x[0] + 2 * x[1] + x[9] + x[10] - 10,
        2 * x[0] + 2 * x[2] + x[9] + x[11] - 10,
        2 * x[1] + 2 * x[2] + x[10] + x[11] - 10,
        x[9] - 8 * x[0],
        x[10] - 8 * x[1],
        x[11] - 8 * x[2],
        x[9] - 2 * x[3] - x[4],
        x[10] - 2 * x[5] - x[6],
        x[11] - 2 * x[7] - x[8],
    )


def g04(a, b, c, d, e):
    value = 5.3578547 * c**2 + 0.8356891 * a * e + 37.293239 * a - 40792.141
    first = 85.334407 + 0.0056858 * b * e + 0.0006262 * a * d - 0.0022053 * c * e
    second = 80.51249 + 0.0071317 * b * e + 0.0029955 * a * b + 0.0021813 * c**2
    third = 9.300961 + 0.0047026 * c * e + 0.0012547 * a * c + 0.0019085 * c * d
    return value, (-first, first - 92, 90 - second, second - 110, 20 - third, third - 25)


def g06(a, b):
    value = (a - 10) ** 3 + (b - 20) ** 3
    return value, (100 - (a - 5) ** 2 - (b - 5) ** 2, (a - 6) ** 2 + (b - 5) ** 2 - 82.81)


def g08(a, b):
    value = -(np.sin(2 * np.pi * a) ** 3) * np.sin(2 * np.pi * b) / (a**3 * (a + b))
    return value, (a**2 - b + 1, 1 - a + (b - 4) ** 2)


G01 = Problem(g01, (0,) * 13, (1,) * 9 + (100,) * 3 + (1,), (1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 1), -15.0)
G04 = Problem(
    g04,
    (78, 33, 27, 27, 27),
    (102, 45, 45, 45, 45),
    (78, 33, 29.995256025681599, 45, 36.775812905788207),
    -30665.538671783,
)
G06 = Problem(g06, (13, 0), (100, 100), (14.095, 5 - np.sqrt(100 - (14.095 - 5) ** 2)), -6961.813875580)
G08 = Problem(g08, (1e-5, 1e-5), (10, 10), (1.22797135260752599, 4.24537336612274885), -0.09582504141803586)
