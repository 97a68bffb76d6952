"""Reference values of American contracts by QuantLib, kept in `american_reference.npz`.

`python -m tests.quant.pricing.american_reference` computes them again, which takes several hours of processor time. The
file holds its arguments and QuantLib's version in `about`. A run continues with the first contract that the file lacks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import QuantLib
from numpy.typing import NDArray
from rich.progress import track

from quant.pricing import american
from tests.quant.pricing import quantlib_american
from tests.quant.pricing.american_contracts import DAYS_PER_YEAR, SPOT, Contracts, sample

FILE = Path(__file__).with_name("american_reference.npz")
SEED = 20261129
_SAVE_EVERY = 100


def load() -> tuple[Contracts, quantlib_american.Values]:
    """Return the stored contracts and QuantLib's values, shape (n,); theta, vega and rho are NaN at the end."""
    with np.load(FILE) as stored:
        contracts = Contracts(*(stored[name] for name in Contracts._fields))
        values = quantlib_american.Values(
            *(stored[name].astype(np.float64) for name in quantlib_american.Values._fields)
        )
    return contracts, values


def ours(rows: NDArray[np.int64]) -> quantlib_american.Values:
    """Return our values of some of the contracts, arrays in the order of ``rows``."""
    contracts, _ = load()
    result = quantlib_american.Values(*(np.full(rows.size, np.nan) for _ in quantlib_american.Values._fields))
    for schedule in np.unique(contracts.schedule[rows]).tolist():
        chosen = np.flatnonzero(contracts.schedule[rows] == schedule)
        members = rows[chosen]
        terms = (
            contracts.is_call[members],
            SPOT,
            contracts.strike[members],
            contracts.days[members] / DAYS_PER_YEAR,
            contracts.rate[members],
            contracts.borrow[members],
            contracts.volatility[members],
        )
        dividends = [(day / DAYS_PER_YEAR, cash) for day, cash in contracts.dividends_of(schedule)]
        greeks = american.greeks(*terms, dividends)._asdict()
        found = quantlib_american.Values(price=american.price(*terms, dividends), **greeks)
        for column, values in zip(result, found, strict=True):
            column[chosen] = values
    return result


def terms_of(contracts: Contracts, row: int) -> quantlib_american.Terms:
    """Return the terms of one contract, with the dividends up to its settlement."""
    dividends = contracts.dividends_of(int(contracts.schedule[row]))
    return quantlib_american.Terms(
        is_call=bool(contracts.is_call[row]),
        spot=SPOT,
        strike=float(contracts.strike[row]),
        days=int(contracts.days[row]),
        rate=float(contracts.rate[row]),
        borrow=float(contracts.borrow[row]),
        volatility=float(contracts.volatility[row]),
        dividends=tuple((day, cash) for day, cash in dividends if day <= contracts.days[row]),
    )


def _compute(job: tuple[quantlib_american.Terms, bool, int, int]) -> tuple[float, ...]:
    terms, with_bumps, time_steps, asset_steps = job
    if with_bumps:
        return quantlib_american.values(terms, time_steps, asset_steps)
    contract = quantlib_american.option(terms, time_steps, asset_steps)
    return contract.NPV(), contract.delta(), contract.gamma(), np.nan, np.nan, np.nan


def _jobs(
    options: argparse.Namespace, first: int
) -> Iterator[tuple[quantlib_american.Terms, bool, int, int]]:
    contracts = sample(options.contracts, options.seed)
    for row in range(first, options.last):
        yield terms_of(contracts, row), row < options.bumped, options.time_steps, options.asset_steps


def _save(path: Path, options: argparse.Namespace, results: NDArray[np.float64]) -> None:
    """Write the contracts that are computed with their values in single precision."""
    about = {"QuantLib": QuantLib.__version__, "engine": "FdBlackScholesVanillaEngine, Escrowed, Douglas"}
    about |= {name: value for name, value in vars(options).items() if name not in ("processes", "file")}
    done = int(np.isfinite(results[:, 0]).sum())
    columns: dict[str, Any] = sample(options.contracts, options.seed)._asdict()
    for name in Contracts._fields[:-2]:  # all except the schedules
        columns[name] = columns[name][:done]
    for column, name in enumerate(quantlib_american.Values._fields):
        columns[name] = results[:done, column].astype(np.float32)
    np.savez_compressed(path, about=np.array(json.dumps(about)), **columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=10_000)
    parser.add_argument("--last", type=int, default=10_000, help="compute the contracts before this one")
    parser.add_argument("--bumped", type=int, default=1_000, help="contracts with theta, vega and rho")
    parser.add_argument("--time-steps", type=int, default=800)
    parser.add_argument("--asset-steps", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args()
    results = np.full((options.contracts, len(quantlib_american.Values._fields)), np.nan)
    if options.file.exists():
        with np.load(options.file) as stored:
            known = np.array([stored[name] for name in quantlib_american.Values._fields], dtype=np.float64).T
        results[: len(known)] = known
    first = int(np.isfinite(results[:, 0]).sum())
    with Pool(options.processes) as pool:
        computed = pool.imap(_compute, _jobs(options, first), chunksize=10)
        for row, values in enumerate(track(computed, "QuantLib", total=options.last - first), start=first):
            results[row] = values
            if (row + 1) % _SAVE_EVERY == 0:  # an interrupted run leaves the rows computed so far
                _save(options.file, options, results)
    _save(options.file, options, results)


if __name__ == "__main__":
    main()
