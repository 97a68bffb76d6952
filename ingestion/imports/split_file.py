"""Splits of a CSV file, and their comparison with the jumps of prices in a file of bars."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingestion.daily import action_rows
from ingestion.daily.action_rows import Action, Stored
from ingestion.imports.bar_file import FIRST_DAY, MOST_NAMED, BarFile, WrongBarFile
from quant import sessions
from quant.thresholds import LARGEST_JUMP
from warehouse.asof.corporate_actions import splits_of
from warehouse.loading.known_at import store_in_time
from warehouse.models.enums import ActionKind, Source
from warehouse.watchlist import spelled

COLUMNS = ("symbol", "ex_date", "split_from", "split_to")
MOST_SHARES = 1000  # new shares for an old one, or old ones for a new one
LATEST = dt.date(2099, 12, 31)  # of the exchange calendar
SEARCHED_SESSIONS = 5  # on both sides of an ex-date without the jump of its split
SMALLEST_SEEN = (
    1.15  # new shares for an old one, or the reverse; a smaller split cannot be told from a usual move
)


@dataclass(frozen=True, slots=True)
class Jump:
    """The move from the last close before a session to its open, dollars per share as traded."""

    session: dt.date
    close: float
    open: float

    @property
    def ratio(self) -> float:
        return self.open / self.close

    def fits(self, shares: float) -> bool:
        """Return whether the move is nearer to that of a split, `shares` new ones for one, than to none."""
        return abs(math.log(self.ratio * shares)) < abs(math.log(self.ratio))

    def __str__(self) -> str:
        return f"{self.session}: from {self.close:g} to {self.open:g}"


def read_splits(path: Path) -> list[Action]:
    """Return the splits of a CSV file with the columns symbol, ex_date, split_from (old shares) and split_to (new).

    Raises WrongBarFile, with one sentence, when a row is wrong.
    """
    found: dict[tuple[str, dt.date], Action] = {}
    wrong: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise WrongBarFile(
                    f"{path.name} must name the columns {', '.join(COLUMNS)} in its first line."
                )
            for row in reader:
                try:
                    action = _split(row)
                    if found.setdefault((action.symbol, action.ex_date), action) is not action:
                        raise ValueError("is a second split of its symbol and date")
                except ValueError as error:
                    wrong.append(f"line {reader.line_num} {error}")
    except OSError as error:
        raise WrongBarFile(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise WrongBarFile(f"{path.name} is not a text file of comma-separated values.") from None
    if wrong:
        raise WrongBarFile(f"{path.name}: {'; '.join(wrong[:MOST_NAMED])}. Nothing was stored.")
    return list(found.values())


def store_splits(splits: Sequence[Action], today: dt.date) -> Stored:
    """Store splits, known from the close before their ex-date.

    Raises WrongBarFile, and stores nothing, when another split of a symbol and date is stored.
    """
    for one in splits:
        for stored in splits_of([one.symbol], one.ex_date, one.ex_date).get(one.symbol, ()):
            if not math.isclose(stored.shares, shares_of(one)):
                raise WrongBarFile(
                    f"A split of {one.symbol} on {one.ex_date} with {stored.shares:g} new shares for one is stored,"
                    f" the file has {shares_of(one):g}. Nothing was stored."
                )
    stored_already = [
        one for one in splits if splits_of([one.symbol], one.ex_date, one.ex_date).get(one.symbol)
    ]
    new = [one for one in splits if one not in stored_already]
    if not new:
        return Stored()
    return store_in_time(
        lambda: action_rows.store(ActionKind.SPLIT, new, "", today, source=Source.IMPORT, is_whole=False)
    )


def jumps(file: BarFile) -> list[Jump]:
    """Return the move to the open of each session of a file but the first, oldest first."""
    first = np.flatnonzero(np.diff(file.session.astype(np.int64))) + 1
    moves = zip(file.session[first].tolist(), file.bars.close[first - 1], file.bars.open[first], strict=True)
    return [Jump(day, float(close), float(start)) for day, close, start in moves]


def compare_splits(
    file: BarFile, symbol: str, splits: Mapping[dt.date, float], *, is_adjusted: bool
) -> list[str]:
    """Return a sentence for each split in the range of a file: the move that agrees with it.

    `splits` are the new shares for an old one by ex-date. Raises WrongBarFile where the file contradicts one: as
    traded, a file must have the jump of a split on its ex-date; adjusted, it must not.
    """
    moves = {move.session: move for move in jumps(file)}
    texts = []
    for ex_date, shares in sorted(splits.items()):
        effective = sessions.next_session(ex_date - dt.timedelta(days=1))  # an ex-date may be no session
        move = moves.get(effective)
        if move is None:
            continue
        name = f"{symbol} {ex_date}, {shares:g} new shares for one"
        if not 1.0 / SMALLEST_SEEN < shares < SMALLEST_SEEN and move.fits(shares) == is_adjusted:
            raise WrongBarFile(_contradiction(file.path.name, name, move, moves, shares, is_adjusted))
        texts.append(f"split of {name}: {move.close:g} to {move.open:g}, a ratio of {move.ratio:.3f}")
    return texts


def unexplained(file: BarFile, splits: Mapping[dt.date, float]) -> list[Jump]:
    """Return the moves that no split explains and that are too large to be believed: such a session has no signals."""
    effective = {
        sessions.next_session(ex_date - dt.timedelta(days=1)): shares for ex_date, shares in splits.items()
    }
    return [
        move
        for move in jumps(file)
        if abs(move.ratio * effective.get(move.session, 1.0) - 1.0) > LARGEST_JUMP
    ]


def _contradiction(
    file: str, name: str, move: Jump, moves: Mapping[dt.date, Jump], shares: float, is_adjusted: bool
) -> str:
    if is_adjusted:
        return (
            f"{file} is said to be adjusted, but has the jump of the split of {name} ({move}): import it without"
            " --adjusted. Nothing was stored."
        )
    days = sessions.sessions(move.session - dt.timedelta(days=14), move.session + dt.timedelta(days=14))
    place = days.index(move.session)
    near = days[max(0, place - SEARCHED_SESSIONS) : place + SEARCHED_SESSIONS + 1]
    fitting = [moves[day] for day in near if day in moves and moves[day].fits(shares)]
    best = min(fitting, key=lambda one: abs(math.log(one.ratio * shares)), default=None)
    hint = (
        f"the jump is that of {best}, so write that ex_date"
        if best
        else "correct the split, or say --adjusted if the prices are adjusted for splits"
    )
    return f"{file} has no jump of the split of {name} ({move}): {hint}. Nothing was stored."


def shares_of(split: Action) -> float:
    """Return the new shares for an old one."""
    return float(split.split_to or 0.0) / float(split.split_from or 1.0)


def _split(row: Mapping[str, str | None]) -> Action:
    """Return the split of a row. Raises ValueError, whose text follows the number of the line."""
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    try:
        ex_date = dt.date.fromisoformat(cells["ex_date"])
        old, new = float(cells["split_from"]), float(cells["split_to"])
    except ValueError:
        raise ValueError("needs a date such as 2004-08-30 and two numbers of shares") from None
    is_usual = (
        0 < old < math.inf
        and 0 < new < math.inf
        and old != new
        and 1 / MOST_SHARES <= new / old <= MOST_SHARES
    )
    if not is_usual or not FIRST_DAY <= ex_date <= LATEST:
        raise ValueError(
            f"has the split {cells['split_from'][:20]} to {cells['split_to'][:20]} on {ex_date}: write two numbers, of"
            f" which one is at most {MOST_SHARES:,} times the other, and a date from {FIRST_DAY} to {LATEST}"
        )
    if not cells["symbol"]:
        raise ValueError("has no symbol")
    return Action(spelled(cells["symbol"]), ex_date, None, old, new)
