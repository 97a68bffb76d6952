"""For how much of a symbol's flow the side is known, and by which quotes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings
from django.db import connection

# Values of one trade: the origin of the quote behind its side, NULL without a side. Rows from before the column
# quote_source have the quotes of their time.
SIDED = """(CASE WHEN side IS NULL THEN NULL
    WHEN quote_source = 'rest' OR (quote_source IS NULL AND source <> 'live') THEN 'rest' ELSE 'stream' END)"""
# Whether its quote is requested where the stream had none.
CANDIDATE = "quote_source IS NOT NULL AND (is_sweep OR premium > %(candidate_premium)s)"
COUNTED = "NOT is_cancel AND canceled_by IS NULL"


def sums(counted: str, sided: str, candidate: str) -> dict[str, str]:
    """Return the SQL of each sum of `SideCoverage` over trades, given the SQL of the values of one trade above."""

    def trades(which: str) -> str:
        return f"count(*) FILTER (WHERE {counted} AND {which})"

    def premium(which: str) -> str:
        return f"coalesce(sum(premium) FILTER (WHERE {counted} AND {which}), 0)"

    by_stream, by_rest = f"{sided} = 'stream'", f"{sided} = 'rest'"
    return {
        "trades": trades("true"),
        "premium": premium("true"),
        "stream_sided_trades": trades(by_stream),
        "rest_sided_trades": trades(by_rest),
        "stream_sided_premium": premium(by_stream),
        "rest_sided_premium": premium(by_rest),
        "candidates": trades(f"({candidate})"),
        "stream_sided_candidates": trades(f"({candidate}) AND {by_stream}"),
        "rest_sided_candidates": trades(f"({candidate}) AND {by_rest}"),
        "waiting_candidates": trades("quote_source = 'wanted'"),
    }


_READ = f"""
SELECT {", ".join(sums(COUNTED, SIDED, CANDIDATE).values())}
FROM trades_as_of WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""  # noqa: S608

# Share of sides that the quote rule finds correctly, on option trades with known sides: KarelZe/thesis, results for the
# quote rule at the NBBO on ISE and Cboe, by the authors of "Option Trade Classification" (2023).
RULE_ACCURACY = "57-64 %"


@dataclass(frozen=True, slots=True)
class SideCoverage:
    """Trades, their known premium in dollars, and candidates, in all and with a side by quotes of each source.

    Candidates are the trades whose quote is requested where the stream had none.
    """

    trades: int
    premium: float
    stream_sided_trades: int
    rest_sided_trades: int
    stream_sided_premium: float
    rest_sided_premium: float
    candidates: int
    stream_sided_candidates: int
    rest_sided_candidates: int
    waiting_candidates: int

    def share(self, of: str, *sources: str) -> float | None:
        """Return the share of `of` (trades, premium or candidates) with a side by quotes of `sources`.

        None where there are none.
        """
        total = getattr(self, of)
        return (
            float(sum(getattr(self, f"{source}_sided_{of}") for source in sources) / total) if total else None
        )


def read(symbol: str, first_ms: int, last_ms: int) -> SideCoverage:
    """Return the coverage of the trades from `first_ms` to `last_ms` (epoch ms), both included, without cancels.

    Inside `warehouse.asof.at(t)` a side that was not known at t is unknown.
    """
    parameters: dict[str, Any] = {
        "symbol": symbol,
        "first": first_ms,
        "last": last_ms,
        "candidate_premium": settings.FLOW_QUOTE_PREMIUM,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, parameters)
        row = cursor.fetchone()
    return SideCoverage(**dict(zip([field.name for field in fields(SideCoverage)], row, strict=True)))
