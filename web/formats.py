"""Texts of numbers and times on pages. The same value has the same text on every page.

Times are New York. The minus sign is U+2212, because a hyphen is narrower than the plus sign. An absent value is an en
dash; the page says the reason beside it.
"""

from __future__ import annotations

import math
from datetime import date, datetime

from quant.sessions import NEW_YORK
from warehouse import clock

ABSENT = "–"
_MINUS = "\N{MINUS SIGN}"
_MONEY_UNITS = ((1e12, " tn"), (1e9, " bn"), (1e6, " M"), (1e3, " k"))
_SECONDS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def number(value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
    """Return a number with thousands separators, with + or the minus sign in front if `sign` is set: 4,505.10."""
    if value is None or math.isnan(value):
        return ABSENT
    text = f"{abs(value):,.{decimals}f}"
    if value < 0 and text.strip("0.,"):
        return _MINUS + text
    return f"+{text}" if sign and value > 0 and text.strip("0.,") else text


def counted(count: int, noun: str) -> str:
    """Return a number of things: 1 session, 1,250 sessions."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def price(value: float | None) -> str:
    """Return a price in dollars or index points with two decimals."""
    return number(value, 2)


def strike(value: float | None) -> str:
    """Return a strike without needless zeros: 4,510 and 177.50."""
    return number(value, 0 if value is not None and float(value).is_integer() else 2)


def significant(value: float | None) -> str:
    """Return a number with at most six significant digits and thousands separators: 0.0190, 12,345.6."""
    if value is None or math.isnan(value):
        return ABSENT
    return f"{_MINUS if value < 0 else ''}{abs(value):,.6g}"


def percent(fraction: float | None, decimals: int = 2, *, sign: bool = False) -> str:
    """Return a fraction as a percentage: 0.0084 is 0.84 %."""
    return (
        ABSENT
        if fraction is None or math.isnan(fraction)
        else f"{number(fraction * 100, decimals, sign=sign)} %"
    )


def points(fraction: float | None, decimals: int, *, sign: bool = False) -> str:
    """Return a volatility or a difference of two, a fraction, in points: 0.027 is 2.7 pt."""
    text = number(None if fraction is None else fraction * 100, decimals, sign=sign)
    return text if text == ABSENT else f"{text} pt"


def money(dollars: float | None, *, sign: bool = False) -> str:
    """Return an amount with three significant digits, at most one decimal, and its unit: $36.7 bn, $214 k, +$5.4 M."""
    if dollars is None or math.isnan(dollars):
        return ABSENT
    mark = _MINUS if dollars < 0 else "+" if sign and dollars > 0 else ""
    size = abs(dollars)
    for unit, suffix in _MONEY_UNITS:
        if size >= 0.9995 * unit:
            scaled = size / unit
            return f"{mark}${scaled:,.{1 if scaled < 99.95 else 0}f}{suffix}"
    return f"{mark}${size:,.0f}"


def exact_money(dollars: float | None) -> str:
    """Return an amount in full: $214,280."""
    if dollars is None or math.isnan(dollars):
        return ABSENT
    return f"{_MINUS if dollars < 0 else ''}${abs(dollars):,.{0 if float(dollars).is_integer() else 2}f}"


def words(value: str | None) -> str:
    """Return a value of an enum with spaces instead of underscores: SHORT GAMMA."""
    return str(value).replace("_", " ") if value else ABSENT


def yes_no(value: bool | None) -> str:
    """Return a flag as a word."""
    return ABSENT if value is None else "yes" if value else "no"


def _local(at_ms: float) -> datetime:
    return clock.instant(int(at_ms)).astimezone(NEW_YORK)


def time_of_day(at_ms: float | None, *, seconds: bool = False) -> str:
    """Return an instant (epoch ms) as time of day: 14:45, or 14:47:20."""
    return (
        ABSENT
        if at_ms is None or math.isnan(at_ms)
        else _local(at_ms).strftime("%H:%M:%S" if seconds else "%H:%M")
    )


def day(at_ms: float | None) -> str:
    """Return the date of an instant (epoch ms): Thu 14 Sep 2023."""
    return ABSENT if at_ms is None or math.isnan(at_ms) else _local(at_ms).strftime("%a %-d %b %Y")


def calendar_day(value: date | None) -> str:
    """Return a date: Thu 14 Sep 2023."""
    return ABSENT if value is None else f"{value:%a %-d %b %Y}"


def days(first: date, last: date) -> str:
    """Return a range of dates: 1 Sep 2022 to 13 Sep 2023."""
    return f"{first:%-d %b %Y} to {last:%-d %b %Y}"


def moment(at_ms: float | None) -> str:
    """Return date and time of an instant (epoch ms): Thu 14 Sep 2023 14:45:00."""
    return ABSENT if at_ms is None or math.isnan(at_ms) else clock.new_york_text(int(at_ms))


def duration(seconds: float | None) -> str:
    """Return a duration in at most two units: 1 h 12 min, 47 min, 31.6 s."""
    if seconds is None or math.isnan(seconds):
        return ABSENT
    if seconds < 60:
        return f"{seconds:.0f} s" if float(seconds).is_integer() else f"{seconds:.1f} s"
    left, parts = round(seconds), []
    for unit, size in _SECONDS:
        if left >= size:
            parts.append(f"{left // size} {unit}{'s' if unit == 'day' and left >= 2 * size else ''}")
            left %= size
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)
