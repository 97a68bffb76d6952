"""An optimisation on a simulated market: from its request to promoted weights, interrupted, and without an edge."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from backtest.optimiser import promotion, run
from backtest.optimiser.optimize import OptimizedWeights, optimize_weights
from backtest.optimiser.request import OptimizationRequest, checked, from_json
from quant import sessions
from signals import market_view
from signals.scan.configured import weight_history
from signals.scan.scan import scan_session
from tests.backtest.simulated_bars import EVENING, LAST, SYMBOLS, store_bars
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from warehouse import clock, market_days
from warehouse.models import ConfluenceConfig, Optimization, TriedGenome

HISTORY, FIRST = dt.date(2025, 5, 5), dt.date(2025, 11, 10)
REQUEST = OptimizationRequest(
    SYMBOLS,
    FIRST,
    LAST,
    folds=2,
    least_train=30,
    least_signals=0.3,
    least_outcomes=10,
    generations=8,
    population=20,
)


@pytest.fixture
def market(at_market_time, settings):  # noqa: F811
    """Return a function that stores the bars of a simulated market with some options."""
    settings.SIMULATED = True

    def store(*options: str) -> None:
        at_market_time(EVENING)
        store_bars(settings, options, HISTORY, FIRST)

    yield store
    drop_partitions()


def finished(request: OptimizationRequest, watch=None) -> Optimization:
    row = run.create(request, "test", clock.now_ms())
    run.run(row.id, clock.now_ms, watch)
    row.refresh_from_db()
    return row


def test_a_planted_edge_is_found_verified_and_promoted(market):
    market("--setups", "--win-rate", "0.9")
    row = finished(REQUEST)
    assert (row.status, row.error, row.label, row.is_verified) == ("done", None, "above chance", True)
    found = row.result
    assert found["expectedWinRate"] > 0.6
    assert found["expectedSignalsPerDay"] >= 0.3
    assert [fold["sessions"] for fold in found["folds"]] == [27, 27]
    assert found["trials"] == TriedGenome.objects.count() > 40
    for seen in row.generations.values():
        values = [one["value"] for one in seen]
        assert values == sorted(values)
        assert seen[-1]["is_feasible"]
    assert row.generations["all sessions"][-1]["win_rate"] == found["all_sessions"]["win_rate"]["share"]
    assert sum(count for _, count in found["overfitting"]["logits"]) == 12_870

    # Killed in the second fold: what is stored continues with the same result.
    class Killed(Exception):
        pass

    def kill(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("fold 2", 4):
            raise Killed

    again = run.create(REQUEST, "test", clock.now_ms())
    with pytest.raises(Killed):
        run.run(again.id, clock.now_ms, kill)
    run.run(again.id, clock.now_ms)
    again.refresh_from_db()
    assert again.result == found
    assert again.config.weights == row.config.weights

    # Promoted weights count from the next bar on, with their id on the signals.
    day_ms = clock.epoch_ms(sessions.open_of(LAST))
    at_ms = day_ms + 3 * sessions.HOUR_MS
    config = promotion.promote(row.id, "ann", at_ms)
    view = market_view.read(SYMBOLS, day_ms, clock.now_ms())
    ids = {
        (signal.evaluated_at >= at_ms, signal.config_id)
        for symbol in SYMBOLS
        for signal in scan_session(view, symbol, LAST, minimum=0.0, weights=weight_history()).signals
    }
    assert ids <= {(False, None), (True, config.id)}
    with pytest.raises(promotion.NotPromotedError, match="was promoted before"):
        promotion.promote(row.id, "ann", at_ms + 1)

    # Another promotion retires it, and a restoration is a row of its own.
    second = promotion.promote(again.id, "ann", at_ms + 1000)
    config.refresh_from_db()
    assert (config.status, config.retired_at, second.status) == ("retired", at_ms + 1000, "active")
    restored = promotion.restore(config.id, "ann", at_ms + 2000)
    assert restored.weights == config.weights
    assert restored.id != config.id
    assert promotion.restore(None, "ann", at_ms + 3000) is None
    history = weight_history()
    assert [history.at(at_ms + 1000 * step).config_id for step in range(-1, 4)] == [
        None, config.id, second.id, restored.id, None,
    ]  # fmt: skip


def test_without_an_edge_it_says_so_and_asks_twice(market):
    market()
    found = optimize_weights(
        symbols=SYMBOLS,
        days=84,
        folds=2,
        least_train=30,
        least_signals=0.01,
        most_signals=50.0,
        least_outcomes=1,
        generations=8,
        population=20,
    )
    row = Optimization.objects.get(id=found.optimization_id)
    assert (row.status, row.error, row.is_verified) == ("done", None, True)
    asked, result = from_json(row.request), row.result
    allowed = {"least_signals": 0.01, "most_signals": 50.0, "least_outcomes": 1}
    assert asked == replace(REQUEST, **allowed, until_ms=asked.until_ms)
    assert clock.epoch_ms(EVENING) <= asked.until_ms <= row.created_at
    assert found == OptimizedWeights(
        tuple(result["filters"]),
        row.config.weights["minimum"],
        row.config.weights,
        result["walk_forward"]["out_of_sample"]["share"],
        result["walk_forward"]["signals_per_session"],
        "not different from chance",
        row.id,
    )
    assert promotion.asks_twice(row)
    with pytest.raises(promotion.NotPromotedError, match="It is not different from chance: confirm"):
        promotion.promote(row.id, "ann", clock.now_ms())
    assert promotion.promote(row.id, "ann", clock.now_ms(), is_sure=True).status == "active"
    with pytest.raises(promotion.NotPromotedError, match="never active"):
        promotion.restore(
            ConfluenceConfig.objects.create(
                name="x", status="pending", weights={}, made_by="x", created_at=1
            ).id,
            "ann",
            1,
        )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"target": 1.5}, "The target win rate is 1.5"),
        ({"folds": 1}, "The number of tests must be 2 to 20"),
        ({"least_signals": float("nan")}, "Limits of signals a session must be above 0"),
        ({"most_signals": float("inf")}, "Limits of signals a session must be above 0"),
        ({"seed": -1}, "The seed must be 0 to 2,147,483,647"),
        ({"least_train": 500}, "The range has 84 sessions"),
        ({"symbols": ("XYZ",)}, "XYZ is not watched"),
    ],
)
def test_a_request_that_cannot_be_run_is_refused(changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked(replace(REQUEST, **changed), SYMBOLS, market_days.MarketDays(), EVENING)


@pytest.mark.parametrize("days", [0, 100_000])
def test_weights_of_an_impossible_number_of_sessions_are_refused(days):
    with pytest.raises(ValueError, match="The number of sessions must be 1 to "):
        optimize_weights(days=days)
