"""Texts of numbers and times on pages."""

from __future__ import annotations

import pytest

from tests.web.dashboard.board import at
from web import formats

MINUS = "\N{MINUS SIGN}"
NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.price(4505.1), "4,505.10"),
        (formats.price(-0.004), "0.00"),
        (formats.strike(4510.0), "4,510"),
        (formats.strike(177.5), "177.50"),
        (formats.number(37.66, 2, sign=True), "+37.66"),
        (formats.number(-14.0, 0), f"{MINUS}14"),
        (formats.number(0.0, 2, sign=True), "0.00"),
        (formats.number(19920), "19,920"),
        (formats.counted(1, "session"), "1 session"),
        (formats.counted(0, "session"), "0 sessions"),
        (formats.counted(1250, "bar"), "1,250 bars"),
        (formats.percent(0.0084, sign=True), "+0.84 %"),
        (formats.percent(-0.0011), f"{MINUS}0.11 %"),
        (formats.percent(0.105, 1), "10.5 %"),
        (formats.points(0.0271, 1, sign=True), "+2.7 pt"),
        (formats.points(None, 1), "–"),
        (formats.money(36.7e9, sign=True), "+$36.7 bn"),
        (formats.money(-1.37e9), f"{MINUS}$1.4 bn"),
        (formats.money(18.8e6), "$18.8 M"),
        (formats.money(214_280), "$214 k"),
        (formats.money(999_999), "$1.0 M"),
        (formats.money(999_400), "$999 k"),
        (formats.money(950), "$950"),
        (formats.money(0), "$0"),
        (formats.money(2.5e12), "$2.5 tn"),
        (formats.exact_money(214280.0), "$214,280"),
        (formats.exact_money(-1.5), f"{MINUS}$1.50"),
        (formats.words("SHORT_GAMMA"), "SHORT GAMMA"),
        (formats.yes_no(False), "no"),
        (formats.duration(31.6), "31.6 s"),
        (formats.duration(47 * 60), "47 min"),
        (formats.duration(4320 + 5), "1 h 12 min"),
        (formats.duration(90_000 + 30), "1 day 1 h"),
        (formats.duration(172_800), "2 days"),
        (formats.time_of_day(at("14:47:20"), seconds=True), "14:47:20"),
        (formats.moment(at("09:30", "2025-11-03")), "Mon 3 Nov 2025 09:30:00"),
        (formats.moment(at("09:30", "2025-10-31")), "Fri 31 Oct 2025 09:30:00"),
    ],
)
def test_a_value_has_the_text_of_the_house_style(text, expected):
    assert text == expected


@pytest.mark.parametrize("absent", [None, NAN])
@pytest.mark.parametrize(
    "write",
    [
        formats.price,
        formats.strike,
        formats.number,
        formats.percent,
        formats.money,
        formats.exact_money,
        formats.duration,
        formats.time_of_day,
        formats.moment,
        formats.day,
    ],
)
def test_an_absent_value_is_a_dash(write, absent):
    assert write(absent) == "–"


@pytest.mark.parametrize("write", [formats.words, formats.yes_no])
def test_an_absent_word_is_a_dash(write):
    assert write(None) == "–"
