"""Template filters and tags for numbers, times and small pictures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from web import formats

register = template.Library()

for _name in (
    "price",
    "strike",
    "exact_money",
    "calendar_day",
    "words",
    "yes_no",
    "day",
    "moment",
    "duration",
):
    register.filter(_name, getattr(formats, _name))


@register.filter
def money(dollars: float | None) -> str:
    """Return an amount without a plus sign: $24.6 M."""
    return formats.money(dollars)


@register.filter
def signed_money(dollars: float | None) -> str:
    """Return an amount with its sign: +$36.7 bn."""
    return formats.money(dollars, sign=True)


@register.filter
def number(value: float | None, decimals: int = 0) -> str:
    """Return a number with separators."""
    return formats.number(value, decimals)


@register.filter
def signed(value: float | None, decimals: int = 2) -> str:
    """Return a number with its sign."""
    return formats.number(value, decimals, sign=True)


@register.filter
def percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction as a percentage."""
    return formats.percent(fraction, decimals)


@register.filter
def signed_percent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction as a percentage with its sign."""
    return formats.percent(fraction, decimals, sign=True)


@register.filter
def clock(at_ms: float | None) -> str:
    """Return hours and minutes, New York."""
    return formats.time_of_day(at_ms)


@register.filter
def clock_seconds(at_ms: float | None) -> str:
    """Return hours, minutes and seconds, New York."""
    return formats.time_of_day(at_ms, seconds=True)


@register.filter
def date(iso: str) -> str:
    """Return a date in ISO form as a page shows it: Thu 14 Sep 2023."""
    return formats.calendar_day(dt.date.fromisoformat(iso))


@register.filter
def short_date(iso: str) -> str:
    """Return a date in ISO form without its year: Fri 15 Sep."""
    return dt.date.fromisoformat(iso).strftime("%a %-d %b")


@register.filter
def milliseconds(length_ms: int | None) -> str:
    """Return a length in milliseconds as a duration: 31.6 s."""
    return formats.duration(None if length_ms is None else length_ms / 1000)


@register.filter
def sign_class(value: float | None) -> str:
    """Return the CSS class of a sign: positive, negative or nothing."""
    if value is None or value == 0:
        return ""
    return "positive" if value > 0 else "negative"


@register.simple_tag
def age(at_ms: int | None) -> SafeString | str:
    """Return an element whose text is the time since `at_ms`, which the page's script counts up."""
    if at_ms is None:
        return ""
    return format_html('<span class="age" data-since-ms="{}"></span>', at_ms)


@register.simple_tag
def share_of_range(value: float | None, low: float | None, high: float | None) -> str:
    """Return the position of a value between two others as a CSS percentage, within 0 % and 100 %."""
    if value is None or low is None or high is None or high <= low:
        return "0%"
    return f"{min(max((value - low) / (high - low), 0.0), 1.0):.2%}"


@register.simple_tag
def sparkline(values: Sequence[float | None], width: int = 46, height: int = 14) -> SafeString | str:
    """Return a small step line of values, oldest first, with a dot at the last; a gap where a value is absent.

    The picture repeats numbers of the same row, so it is hidden from assistive technology.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step, scale = (width - 4) / (len(values) - 1), (height - 4) / ((high - low) or 1.0)
    parts, drawing = [], False
    for place, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x, y = 2 + place * step, height - 2 - (value - low) * scale
        parts.append(f"H{x:.1f}V{y:.1f}" if drawing else f"M{x:.1f},{y:.1f}")
        drawing = True
    dot = (
        format_html(
            '<circle cx="{}" cy="{}" r="1.8"/>', width - 2, f"{height - 2 - (values[-1] - low) * scale:.1f}"
        )
        if values[-1] is not None
        else ""
    )
    return format_html(
        '<svg class="sparkline" width="{0}" height="{1}" viewBox="0 0 {0} {1}" aria-hidden="true">'
        '<path d="{2}"/>{3}</svg>',
        width,
        height,
        "".join(parts),
        dot,
    )
