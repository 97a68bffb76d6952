"""What may be done next, by what it rests on: no clock, no table, no provider."""

from __future__ import annotations

from datetime import date, timedelta

from ingestion.backfill.engine.job_loop import work
from ingestion.backfill.engine.job_queue import Board
from ingestion.backfill.engine.jobs import End, Job, Outcome, RunKey, Stage

DONE, FAILED = Outcome(End.DONE), Outcome(End.FAILED, detail="no answer")
MONDAY = date(2026, 11, 16)


def job(stage: Stage, name: str, *after: Job, day: int = 0) -> Job:
    rests_on = tuple(one.run for one in after)
    return Job(stage, "SPY", MONDAY + timedelta(days=day), RunKey(stage, name, day), (name,), rests_on)


class Hands:
    """Ends each job at once as it is told, DONE unless it is; keeps the order."""

    def __init__(self, **ends: Outcome) -> None:
        self.ends, self.order, self._inside = ends, [], []

    def room(self, *, fetches: bool) -> int:
        return 1 - len(self._inside)

    def submit(self, submitted: Job) -> None:
        self.order.append(submitted.run.symbol)
        self._inside.append(submitted)

    def ended(self, seconds: float) -> list[tuple[Job, Outcome]]:
        ended, self._inside = self._inside, []
        return [(one, self.ends.get(one.run.symbol, DONE)) for one in ended]


class Watcher:
    def __init__(self) -> None:
        self.told: dict[str, Outcome] = {}

    def ended(self, ended: Job, outcome: Outcome) -> None:
        self.told[ended.run.symbol] = outcome

    def tick(self) -> None:
        pass


def test_older_days_come_first_and_nothing_before_what_it_rests_on():
    first, second = job(Stage.CONTRACTS, "first"), job(Stage.CONTRACTS, "second", day=1)
    chain = job(Stage.CHAINS, "chain", first, second, day=1)
    rank = job(Stage.IV, "rank", chain, day=1)
    hands = Hands()
    work(Board([rank, chain, second, first]), hands, Watcher())
    assert hands.order == ["first", "second", "chain", "rank"]


def test_what_is_not_on_the_board_was_done_before():
    done_before = job(Stage.CONTRACTS, "done before")
    hands = Hands()
    work(Board([job(Stage.CHAINS, "chain", done_before)]), hands, Watcher())
    assert hands.order == ["chain"]


def test_what_fails_is_tried_three_times_last_and_what_rests_on_it_is_left():
    bad, good = job(Stage.CONTRACTS, "bad"), job(Stage.CONTRACTS, "good", day=1)
    chain = job(Stage.CHAINS, "chain", bad, good)
    rank = job(Stage.IV, "rank", chain)
    board, hands, watcher = Board([bad, good, chain, rank]), Hands(bad=FAILED), Watcher()
    work(board, hands, watcher)
    assert hands.order == ["bad", "good", "bad", "bad"]
    assert watcher.told == {"good": DONE, "bad": FAILED}
    assert set(board.left) == {chain.run, rank.run}


def test_what_cannot_be_had_holds_up_nobody():
    gone = job(Stage.CONTRACTS, "gone")
    hands = Hands(gone=Outcome(End.NOTHING))
    work(Board([gone, job(Stage.CHAINS, "chain", gone)]), hands, Watcher())
    assert hands.order == ["gone", "chain"]


def test_a_refusal_of_the_plan_is_asked_for_once_and_holds_for_all_of_the_kind():
    contracts = [job(Stage.CONTRACTS, f"contract {number}", day=number) for number in range(3)]
    chain = job(Stage.CHAINS, "chain", *contracts)
    refused = Outcome(End.REFUSED, detail="not in your plan")
    hands, watcher = Hands(**{"contract 0": refused}), Watcher()
    work(Board([*contracts, chain]), hands, watcher)
    assert hands.order == ["contract 0", "chain"]
    assert watcher.told["contract 2"] is refused
