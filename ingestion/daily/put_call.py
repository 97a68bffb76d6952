"""Put/call ratios of the watched chains by kind of underlying, against the stored ratios of earlier sessions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ingestion.bars.bar_times import close_ms
from ingestion.chains.compute import finite
from ingestion.daily.session_volumes import session_volumes
from quant import sessions
from quant.market.put_call import WINDOW_SESSIONS, PutCallStanding, standing
from quant.thresholds import PUT_CALL_REGIME
from warehouse import queries
from warehouse.asof import regime
from warehouse.models.enums import UnderlyingKind

# 252 sessions fit into 366 calendar days; the reserve covers unscheduled closures.
_WINDOW = timedelta(days=380)


@dataclass(frozen=True, slots=True)
class PutCall:
    """The ratio of all watched chains, NaN without calls, and the standing of each kind's ratio by kind."""

    total: float = math.nan
    kinds: dict[str, PutCallStanding] = field(default_factory=dict)

    @property
    def percentile(self) -> float:
        """Mean of the known percentiles of the kinds, NaN without one."""
        known = [one.percentile for one in self.kinds.values() if not math.isnan(one.percentile)]
        return sum(known) / len(known) if known else math.nan

    def columns(self) -> dict[str, Any]:
        """Return the columns of market_regime_history."""
        columns: dict[str, Any] = {
            "put_call_ratio_total": finite(self.total),
            "put_call_regime": PUT_CALL_REGIME.label(self.percentile),
        }
        for kind, one in self.kinds.items():
            columns |= {
                f"put_call_ratio_{kind}": finite(one.ratio),
                f"put_call_percentile_{kind}": finite(one.percentile),
                f"put_call_regime_{kind}": one.regime,
                f"put_call_status_{kind}": one.status,
            }
        return columns


def read_put_call(session: date) -> PutCall:
    """Return the ratios of put volume to call volume in the last snapshots of a session, with their standings.

    The chains that are watched now are summed, so a change of the watchlist changes what a kind's ratio measures.
    """
    puts, calls = dict.fromkeys(UnderlyingKind.values, 0.0), dict.fromkeys(UnderlyingKind.values, 0.0)
    for entry in queries.watched_chains():
        volumes = session_volumes(str(entry.symbol), session)
        puts[str(entry.kind)] += volumes.puts
        calls[str(entry.kind)] += volumes.calls
    past = sessions.sessions(session - _WINDOW, session - timedelta(days=1))[-WINDOW_SESSIONS:]
    before = regime.read(close_ms(past[0]), close_ms(past[-1]))
    return PutCall(
        _ratio(sum(puts.values()), sum(calls.values())),
        {
            kind: standing(_ratio(puts[kind], calls[kind]), getattr(before, f"put_call_ratio_{kind}"))
            for kind in UnderlyingKind.values
        },
    )


def _ratio(puts: float, calls: float) -> float:
    return puts / calls if calls else math.nan
