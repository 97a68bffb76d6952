"""Wrong files of bars and of splits: each is refused with one sentence, and nothing is stored."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from quant.sessions import NEW_YORK
from warehouse import clock, watchlist
from warehouse.models import CorporateAction, HistoricalBar

pytestmark = [pytest.mark.database, pytest.mark.django_db]

HEADER = "date,open,high,low,close,volume\n"
DAYS = (
    "1999-05-25,233,235,229,230,200\n1999-05-26,230,237,229,235.5,300\n1999-05-27,116.69,118,114,115,500\n"
    "1999-05-28,115,117,113,116,400\n"
)
SPLIT_HEADER = "symbol,ex_date,split_from,split_to\n"


@pytest.fixture
def refused(tmp_path: Path):
    """Return a function that imports a text as a file of IBM and returns the sentence with which it is refused."""
    watchlist.add_default_symbols(["IBM"])

    def call(text: str | bytes, *options: str, splits: str = "") -> str:
        path = tmp_path / "IBM.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if splits:
            (tmp_path / "splits.csv").write_text(splits, encoding="utf-8")
            options = (*options, "--splits", str(tmp_path / "splits.csv"))
        with pytest.raises(CommandError) as error:
            call_command("import_bars", str(path), *options)
        assert not HistoricalBar.objects.exists()
        assert not CorporateAction.objects.exists()
        return str(error.value)

    return call


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("1999-05-25,-1,235,229,230,2", "line 2 has the open '-1': write a positive number"),
        ("1999-05-25,0,235,0,230,2", "line 2 has the low '0': write a positive number"),
        ("1999-05-25,233,235,229,,2", "line 2 has the close '': write a positive number"),
        ("1999-05-25,233,235,229,x,2", "line 2 has the close 'x': write a positive number"),
        ("1999-05-25,233,235,229,inf,2", "line 2 has the close 'inf': write a positive number"),
        (
            "1999-05-25,1e308,1e308,1e308,1e308,2",
            "line 2 has the close '1e308': write a number below 1,000,000,000",
        ),
        (
            "1999-05-25,1,1,1,1,1e308",
            "line 2 has the volume '1e308': write a number below 1,000,000,000,000,000",
        ),
        (f"1999-05-25,1,1,1,{'9' * 5000},1", f"line 2 has the close '{'9' * 39}…': write a positive number"),
        ("1999-05-25,233,235,229,230,-2", "the volume '-2': write a number that is not negative"),
        ("1999-05-25,233,228,229,230,2", "none may be above the high or below the low"),
        ("1999-05-25,236,235,229,230,2", "none may be above the high or below the low"),
        ("25.5.1999,233,235,229,230,2", "line 2 has the date '25.5.1999': write it as 2013-10-04"),
        ("1999-05,233,235,229,230,2", "line 2 has the date '1999-05': write it as 2013-10-04"),
        ("today,233,235,229,230,2", "line 2 has the date 'today': write it as 2013-10-04"),
        ("1999-02-29,233,235,229,230,2", "line 2 has the date '1999-02-29': write it as 2013-10-04"),
        ("1889-05-25,233,235,229,230,2", "the exchange calendar begins with 1990-01-03"),
        ("1999-05-25,233,235,229,230", "line 2 has 5 fields, the first line 6"),
        ("1999-05-25,2,2,2,2,2\n1999-05-25,2,2,2,2,2", "line 3 is a second row of its time"),
        ("2001-09-11,2,2,2,2,2", "has no bar inside a session"),
        ("2090-01-03,2,2,2,2,2", "has a bar that has not ended yet: "),
        ("", "has no rows below a line that names date or"),
    ],
)
def test_a_file_with_a_wrong_row_is_refused(refused, rows, sentence):
    assert sentence in refused(HEADER + rows)


def test_the_first_five_wrong_lines_are_named_and_the_others_counted(refused):
    said = refused(HEADER + "".join(f"1999-05-{day},-1,2,1,2,3\n" for day in range(10, 17)))
    assert [f"line {line} " in said for line in range(2, 8)] == [True] * 5 + [False]
    assert said.endswith("; and 2 lines more. Nothing was stored.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "day,open,high,low,close\n1999-05-25,2,2,2,2",
            "has the columns day, open, high, low, close: it must",
        ),
        (
            "date,open,high,low,last\n1999-05-25,2,2,2,2",
            "has the columns date, open, high, low, last: it must",
        ),
        ("date,time_utc,open,high,low,close\n1999-05-25,2,2,2,2,2", "it must name date or time_new_york or"),
        ("date,open,open,high,low,close\n1999-05-25,2,2,2,2,2", "has no rows below a line that names"),
        (b"date,open\n\xff\xfe", "is not a text file of comma-separated values"),
        ("", "has no rows below a line that names"),
    ],
)
def test_a_file_with_other_columns_is_refused(refused, text, sentence):
    assert sentence in refused(text)


def test_minute_bars_of_other_hours_or_lengths_are_refused(refused):
    header = "time_new_york,open,high,low,close\n"
    assert "has no bar inside a session" in refused(header + "2013-10-04T16:00,1,1,1,1\n")
    assert "a bar starts at a whole minute" in refused(header + "2013-10-04T10:00:30,1,1,1,1\n")
    fives = "".join(f"2013-10-04T10:{minute:02},1,1,1,1\n" for minute in range(0, 30, 5))
    assert "has bars of more than one minute" in refused(header + fives)


def test_an_early_close_ends_the_session_of_minutes(refused):
    header = "time_new_york,open,high,low,close\n"
    assert "has no bar inside a session" in refused(header + "2013-11-29T13:00,1,1,1,1\n")


def test_a_bar_of_today_that_has_not_ended_is_refused(refused):
    day = dt.datetime.fromtimestamp(clock.now_ms() / 1000, NEW_YORK).date() + dt.timedelta(days=7)
    rows = "".join(f"{day + dt.timedelta(days=more)},2,2,2,2,2\n" for more in range(5))
    assert "has a bar that has not ended yet" in refused(HEADER + rows)


@pytest.mark.parametrize(
    ("splits", "sentence"),
    [
        ("IBM,1999-05-26,1,2", "the jump is that of 1999-05-27: from 235.5 to 116.69, so write that ex_date"),
        ("IBM,1999-05-27,2,1", "IBM.csv has no jump of the split of IBM 1999-05-27, 0.5 new shares for one"),
        ("IBM,1999-05-27,1,1", "line 2 has the split 1 to 1 on 1999-05-27"),
        ("IBM,1999-05-27,0,2", "line 2 has the split 0 to 2 on 1999-05-27"),
        (
            "IBM,1999-05-27,1e308,1e-308",
            "line 2 has the split 1e308 to 1e-308 on 1999-05-27: write two numbers",
        ),
        ("IBM,1999-05-27,1,1e-320", "line 2 has the split 1 to 1e-320 on 1999-05-27: write two numbers"),
        ("IBM,1999-05-27,nan,1", "line 2 has the split nan to 1 on 1999-05-27: write two numbers"),
        (
            "IBM,9999-12-31,1,2",
            "on 9999-12-31: write two numbers, of which one is at most 1,000 times the other",
        ),
        ("IBM,27.5.1999,1,2", "line 2 needs a date such as 2004-08-30 and two numbers of shares"),
        (",1999-05-27,1,2", "line 2 has no symbol"),
        ("IBM,1999-05-27,1,2\nibm,1999-05-27,1,3", "line 3 is a second split of its symbol and date"),
    ],
)
def test_a_wrong_split_is_refused(refused, splits, sentence):
    assert sentence in refused(HEADER + DAYS, splits=SPLIT_HEADER + splits)


def test_splits_need_their_columns(refused):
    said = refused(HEADER + DAYS, splits="symbol,date,ratio\n")
    assert "splits.csv must name the columns symbol, ex_date, split_from, split_to in its first line" in said


def test_a_file_as_traded_that_is_said_to_be_adjusted_is_refused(refused):
    said = refused(HEADER + DAYS, "--adjusted", splits=SPLIT_HEADER + "IBM,1999-05-27,1,2\n")
    assert "is said to be adjusted, but has the jump of the split of IBM 1999-05-27" in said


def test_a_split_that_contradicts_a_stored_one_is_refused(tmp_path):
    watchlist.add_default_symbols(["IBM"])
    path, splits = tmp_path / "IBM.csv", tmp_path / "splits.csv"
    path.write_text(HEADER + DAYS, encoding="utf-8")
    splits.write_text(f"{SPLIT_HEADER}IBM,1999-05-27,1,2\n", encoding="utf-8")
    call_command("import_bars", str(path), "--splits", str(splits))
    splits.write_text(f"{SPLIT_HEADER}IBM,1999-05-27,2,5\n", encoding="utf-8")
    with pytest.raises(
        CommandError, match="A split of IBM on 1999-05-27 with 2 new shares for one is stored"
    ):
        call_command("import_bars", str(path), "--splits", str(splits))
    assert CorporateAction.objects.get().split_to == 2.0
