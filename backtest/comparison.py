"""Comparison of two sets of outcomes, such as with and without a filter."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import fisher_exact

from backtest.bootstrap import Interval, difference_interval
from backtest.columns import OutcomeColumns
from backtest.report.rates import Rate, rate

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first set of outcomes against the second.

    `rate_difference` and `expectancy_difference` (in R) are first less second, None where the outcomes lie in too few
    sessions. `fisher_p` is the two-sided p value of Fisher's exact test of the win rates, None without outcomes on one
    side. The test treats outcomes as independent, and the two sets must have no outcome in common: compare
    the outcomes that a filter lets pass with those that it blocks.
    """

    first: Rate
    second: Rate
    fisher_p: float | None
    rate_difference: Interval | None
    expectancy_difference: Interval | None

    @property
    def rates_differ(self) -> bool:
        """Whether the win rates differ significantly by Fisher's exact test, at 5 %."""
        return self.fisher_p is not None and self.fisher_p < SIGNIFICANT

    @property
    def expectancies_differ(self) -> bool:
        """Whether the 95 % interval of the difference of the expectancies leaves out zero."""
        return self.expectancy_difference is not None and self.expectancy_difference.sign != 0

    def __str__(self) -> str:
        return f"{self._about_rates()} {self._about_expectancies()}"

    def _about_rates(self) -> str:
        if self.fisher_p is None or self.first.share is None or self.second.share is None:
            return "The win rates cannot be compared: one side has no trades."
        size = f"p = {self.fisher_p:.2f}" if self.fisher_p >= 0.01 else "p < 0.01"
        return (
            f"Win rate {100 * self.first.share:.1f} % of {self.first.n:,} against"
            f" {100 * self.second.share:.1f} % of {self.second.n:,}: {_word(self.rates_differ)}"
            f" (Fisher's exact test, {size})."
        )

    def _about_expectancies(self) -> str:
        found = self.expectancy_difference
        if found is None:
            return "The expectancies cannot be compared: fewer than two sessions with trades on one side."
        return (
            f"Difference of expectancies {_signed(found.estimate)} R"
            f" (95 % {_signed(found.lower)} to {_signed(found.upper)}): "
            f"{_word(self.expectancies_differ)}."
        )


def compare(first: OutcomeColumns, second: OutcomeColumns, *, seed: int = 0) -> Comparison:
    """Return the comparison of two sets of outcomes; only those with a profit or loss count."""
    one, two = first.pick(first.has_result), second.pick(second.has_result)
    won, won_too = one.pnl > 0, two.pnl > 0
    rates = rate(int(won.sum()), len(one)), rate(int(won_too.sum()), len(two))
    table = [[each.k, each.n - each.k] for each in rates]
    return Comparison(
        *rates,
        fisher_p=float(fisher_exact(table).pvalue) if len(one) and len(two) else None,
        rate_difference=difference_interval(
            won.astype(float), one.session, won_too.astype(float), two.session, seed=seed
        ),
        expectancy_difference=difference_interval(one.r, one.session, two.r, two.session, seed=seed),
    )


def _signed(value: float) -> str:
    """Return a number with its sign and two decimals; a value that rounds to zero has none."""
    text = f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
    return "0.00" if text[1:] == "0.00" else text


def _word(is_significant: bool) -> str:
    return "significant" if is_significant else "not significant"
