"""Stored backtests with outcomes, for the tests of their pages."""

from __future__ import annotations

import datetime as dt
import html
import re

import numpy as np

from backtest import run, store
from backtest.request import Request
from quant import sessions
from signals.detectors.registry import BY_NAME, DETECTORS
from warehouse import clock, watchlist
from warehouse.models import Backtest, BacktestOutcome, BacktestSymbol

LAST = dt.date(2026, 11, 24)
DAY = dt.date(2026, 11, 23)
FIRST = dt.date(2026, 8, 24)
NOW = dt.datetime(2026, 11, 24, 23, 0, tzinfo=dt.UTC)  # 18:00 in New York
NOW_MS = clock.epoch_ms(NOW)
ALL = tuple(one.name for one in DETECTORS)
REGIMES = ("STRONG_UPTREND", "WEAK_UPTREND", "RANGE_BOUND", "CHOPPY", "WEAK_DOWNTREND", "")
DISPOSITIONS = ("ACTIVE", "BLOCKED", "BELOW_MINIMUM")
QUARTER_MS = 900_000


def watch() -> None:
    """Put SPY and QQQ on the watchlist."""
    watchlist.add_default_symbols(["SPY", "QQQ"])


def asked(*symbols: str, detectors: tuple[str, ...] = ALL, first: dt.date = FIRST, **rules) -> Backtest:
    """A backtest that waits for its workers."""
    request = Request(symbols or ("SPY",), detectors, first, LAST, until_ms=NOW_MS, **rules)
    return store.create(request, "operator", NOW_MS)


def begun(backtest: Backtest) -> list[BacktestSymbol]:
    """Start a backtest without testing a symbol, and return its parts."""
    run.start(backtest, NOW_MS)
    backtest.refresh_from_db()
    return list(backtest.parts.order_by("symbol"))


def outcome(backtest: Backtest, day: dt.date, bar: int, r: float | None, /, **columns) -> BacktestOutcome:
    """An outcome of a bar of a session with a profit of `r` times a risk of 0.2 % of the price, not stored yet."""
    opens = clock.epoch_ms(sessions.open_of(day))
    end = opens + (bar + 1) * QUARTER_MS
    values = {
        "symbol": "SPY", "timeframe": "15m", "detector": "breakout_bullish", "direction": "LONG", "session": day,
        "bar_end": end, "disposition": "ACTIVE", "outcome_kind": "session", "reference_price": 450.0, "stop": 449.1,
        "target": 451.35, "base_score": 60.0, "final_score": 66.0, "confluence": 55.0, "iv_rank": 0.3,
        "terms": {}, "components": {},
        "iv_regime": "normal", "market_regime": "WEAK_UPTREND", "positioning": "LONG_GAMMA",
        "flow_alignment": "aligned", "end": "STOPPED" if (r or 0) < 0 else "TARGET_HIT", "reason": "",
        "entered_at": end, "entry": 450.0, "exited_at": end + QUARTER_MS, "exit": 451.0, "r": r,
        "pnl": None if r is None else r * 0.002, "mfe": None if r is None else max(r, 0.3),
        "mae": None if r is None else min(r, -0.2), "bars_held": 2, "ambiguous": False,
        "entry_before_signal": False, "chance_r": -0.02, "chance_deviation": 1.2, "chance_win_rate": 0.42,
    }  # fmt: skip
    return BacktestOutcome(backtest=backtest, **(values | columns))


def finished(
    backtest: Backtest, outcomes: list[BacktestOutcome], without_data: tuple[str, ...] = ()
) -> Backtest:
    """Store the outcomes of a backtest and its statistics; detectors in `without_data` never had data."""
    for part in begun(backtest):
        mine = [one for one in outcomes if one.symbol == part.symbol]
        BacktestOutcome.objects.bulk_create(mine)
        part.sessions_done, part.finished_at, part.seconds = part.sessions, NOW_MS + 60_000, 31.64
        part.has_data = {
            name: ("0" if name in without_data else "1") * part.sessions
            for name in backtest.request["detectors"]
        }
        part.no_data = {name: {"warm-up": 26 * part.sessions} for name in without_data}
        part.fingerprint = "7f3a91c2"
        part.save()
    assert run.finish(int(backtest.pk), NOW_MS + 112_000)
    backtest.refresh_from_db()
    return backtest


def busy(**rules) -> Backtest:
    """A finished backtest of all detectors with some thousand outcomes, the same at each call."""
    generator = np.random.default_rng(7)
    backtest = asked("QQQ", "SPY", **rules)
    days = sessions.sessions(FIRST, LAST)
    found, used = [], set()
    for number, name in enumerate(ALL):
        if name in ("sweep_confirmation", "gamma_squeeze_bearish"):
            continue
        edge = (0.47, 0.40, 0.55, 0.38, 0.44, 0.29)[number % 6]
        for _ in range((260, 140, 90, 61, 22, 12)[(number * 5) % 6]):
            symbol = ("SPY", "QQQ")[generator.integers(2)]
            key = symbol, int(generator.integers(len(days))), int(generator.integers(26))
            if (name, *key) in used:
                continue
            used.add((name, *key))
            won = generator.random() < edge
            r = (1.47 if won else -1.03) * generator.uniform(0.55, 1.0)
            found.append(
                outcome(
                    backtest, days[key[1]], key[2], r, **(
                        {
                            "symbol": symbol, "detector": name, "direction": "SHORT" if number % 2 else "LONG",
                            "mfe": max(r, 0) + generator.exponential(0.4),
                            "mae": min(r, 0) - generator.exponential(0.25) * (r > 0),
                            "final_score": generator.uniform(50, 95),
                            "market_regime": REGIMES[generator.choice(6, p=[0.3, 0.25, 0.3, 0.03, 0.1, 0.02])],
                            "iv_regime": ("low", "normal", "elevated")[generator.integers(3)],
                            "positioning": ("LONG_GAMMA", "SHORT_GAMMA", "")[generator.integers(3)],
                            "flow_alignment": ("aligned", "opposed", "neutral")[generator.integers(3)],
                            "disposition": DISPOSITIONS[generator.choice(3, p=[0.7, 0.1, 0.2])],
                            "chance_r": generator.normal(-0.03, 0.05),
                        }
                        | _other(name, won, generator)
                        | (_with_option(r, len(found)) if rules.get("priced") else {})
                    ),
                )
            )  # fmt: skip
    return finished(backtest, found, without_data=("sweep_confirmation",))


def _with_option(r: float, number: int) -> dict[str, object]:
    """Columns of an option's trade, every third one modelled, and of a pattern that holds on every second bar."""
    source = "quote" if number % 3 else "model"
    return {
        "option_contract": "O:SPY261218C00450000", "option_entry": 5.0, "option_exit": 5.0 + 0.4 * r,
        "option_pnl": 0.08 * r, "option_entry_source": source, "option_exit_source": source,
        "option_modelled": source == "model", "option_reason": "",
        "patterns": ["put_wall_support"] if number % 2 else [],
    }  # fmt: skip


def _other(name: str, won: bool, generator: np.random.Generator) -> dict[str, object]:
    """Columns of a detector whose outcome is no profit or loss."""
    ending = BY_NAME[name].rule.ending
    if ending == "session":
        return {}
    found = {"outcome_kind": ending, "r": None, "pnl": None, "mfe": None, "mae": None, "chance_r": None}
    found |= {"end": "TARGET_HIT" if won else "EXPIRED", "chance_win_rate": None, "chance_hit_rate": 0.31}
    if ending == "iv_change":
        found |= {"predicted": -18.0, "actual": generator.normal(-12, 6), "chance_hit_rate": None}
    return found


def words(answer) -> str:
    """The text of a page without its markup, in single spaces."""
    text = re.sub(r"<[^>]*>", " ", answer.content.decode().partition('class="desk"')[2])
    return " ".join(html.unescape(text).split())


def short(*results: float | None, **rules) -> Backtest:
    """A finished backtest of one detector with an outcome for each result in R."""
    backtest = asked("SPY", detectors=("breakout_bullish",), **rules)
    return finished(backtest, [outcome(backtest, DAY, bar, r) for bar, r in enumerate(results)])
