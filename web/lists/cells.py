"""Texts of the columns of a table by kind of column and by the unit in which the column's comment ends.

A list shows money in short and times to the second; the page of a row shows full numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString

from quant.contracts import SUFFIX_LENGTH
from web import formats
from web.lists.json_tables import json_table, json_text

Text = str | SafeString

_STRIKE_DIGITS = 8  # at the end of a contract ticker
EPOCH = "epoch milliseconds UTC"
_PRICES = {
    *("dollars per share", "dollars or index points", "dollars or points", "index points"),
    "dollars, index points for an index",
}
# Columns whose unit does not say how many decimals a reader needs.
_BY_NAME: dict[str, Callable[[Any], str]] = {
    "delta": lambda value: formats.number(value, 2, sign=True),
    "gamma": lambda value: formats.number(value, 4),
    "theta": lambda value: formats.number(value, 2, sign=True),
    "vega": lambda value: formats.number(value, 2, sign=True),
    "rho": lambda value: formats.number(value, 2, sign=True),
    "rate": lambda value: formats.percent(value, 2),
    "implied_borrow": lambda value: formats.percent(value, 2, sign=True),
    "strike": formats.strike,
    "confidence_score": lambda value: formats.number(value),
    "vix_level": formats.price,
    "term_spread": lambda value: f"{formats.number(value, 2, sign=True)} %",
}
_FULL_BY_NAME: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(
        ("delta", "gamma", "theta", "vega", "rho", "confidence_score", "vix_level"), formats.significant
    ),
    "strike": formats.strike,
}
# Shape and colour of the words of a choice. The others are outlined.
_TONES = {
    **dict.fromkeys(("DONE", "REPAIRED", "healthy", "live", "provider"), "good"),
    **dict.fromkeys(("STARTED", "OPEN", "degraded", "starting", "stopping", "waiting"), "warn"),
    **dict.fromkeys(("FAILED", "UNREPAIRABLE", "refused"), "bad"),
    **dict.fromkeys(("backfill", "import", "volume_proxy", "SHORT_GAMMA", "LONG_GAMMA"), "edged"),
    **dict.fromkeys(("BLOCK",), "edged"),
    **dict.fromkeys(("SWEEP",), "filled"),
    **dict.fromkeys(("BULLISH",), "up"),
    **dict.fromkeys(("BEARISH",), "down"),
}
_MARKS = {"up": "▲ ", "down": "▼ "}
# Columns of choices that are read as words in a sentence, not as states.
_WORDS = {"option_type", "side", "timeframe", "iv_status", "greeks_source", "exercise_style"}


def unit_of(field: models.Field[Any, Any]) -> str:
    """Return the unit of a column, the last part of its comment; empty without one."""
    return (field.db_comment or "").rpartition("; ")[2]


def meaning(field: models.Field[Any, Any]) -> str:
    """Return the comment of a column with the unit in which pages show its values."""
    return (field.db_comment or "").replace(EPOCH, "New York")


def is_time(field: models.Field[Any, Any]) -> bool:
    """Return whether a column holds an instant as epoch milliseconds."""
    return isinstance(field, models.BigIntegerField) and unit_of(field) == EPOCH


def is_number(field: models.Field[Any, Any]) -> bool:
    """Return whether a column's values are aligned as numbers."""
    kinds = (models.FloatField, models.IntegerField)
    is_money = field.get_internal_type() == "MoneyField"
    return (is_money or isinstance(field, kinds)) and not is_time(field)


def heading(field: models.Field[Any, Any]) -> str:
    """Return the heading of a column. A time says that it is New York's."""
    name = str(field.verbose_name)
    if is_time(field):
        short = "time" if name == "timestamp" else name.removesuffix(" ms").removesuffix(" at")
        return f"{short}, New York"
    if name in ("option type", "dte"):
        return {"option type": "C/P", "dte": "DTE"}[name]
    if name == "underlying price":
        return "spot"
    return name.replace("implied volatility", "IV").replace("open interest", "OI")


def text(field: models.Field[Any, Any], value: Any, *, full: bool = False) -> Text:
    """Return the text of a value, in short for a list or in full for the page of a row.

    Times are New York. The value is that of the model's attribute; None is an en dash.
    """
    if value is None or value == "":
        return formats.ABSENT
    if isinstance(field, models.JSONField):
        return json_table(value, str(field.verbose_name)) if full else json_text(value)
    if isinstance(field, ArrayField):
        return ", ".join(_plain(one) for one in value) or "none"
    if field.choices:
        return badge(field, value)
    if isinstance(field, models.BooleanField):
        return formats.yes_no(value)
    if isinstance(field, models.DateField):
        return formats.calendar_day(_date(value))
    if is_time(field):
        return formats.moment(value)
    if isinstance(field, models.BinaryField):
        return f"{formats.number(len(value))} bytes"
    if is_number(field):
        return _number(field, value, full)
    return _plain_text(field, str(value), full)


def badge(field: models.Field[Any, Any], value: str) -> Text:
    """Return the words of a choice, with a badge where it is a class or a state."""
    words = formats.words(value)
    if field.name in _WORDS:
        return words.capitalize() if field.name == "option_type" else words
    tone = _TONES.get(value, "plain")
    return format_html('<span class="badge {}">{}{}</span>', tone, _MARKS.get(tone, ""), words.upper())


def _plain_text(field: models.Field[Any, Any], value: str, full: bool) -> Text:
    """Return a text. In a list, a narrow column breaks a contract ticker before the date and before the strike."""
    if field.name != "contract_ticker" or full:
        return value
    root, rest = value[:-SUFFIX_LENGTH], value[-SUFFIX_LENGTH:]
    return format_html("{}<wbr>{}<wbr>{}", root, rest[:-_STRIKE_DIGITS], rest[-_STRIKE_DIGITS:])


def _number(field: models.Field[Any, Any], value: Any, full: bool) -> str:
    unit = unit_of(field)
    by_name = _FULL_BY_NAME if full else _BY_NAME
    if field.name in by_name:
        return by_name[field.name](float(value))
    if unit in _PRICES:
        return _full_price(value) if full else formats.price(float(value))
    if unit.startswith("dollars"):
        return formats.exact_money(float(value)) if full else formats.money(float(value))
    if unit.startswith("fraction"):
        decimals = 2 if full else 0 if unit == "fraction 0 to 1" else 1
        return formats.percent(float(value), decimals)
    if unit.startswith("percent"):
        return f"{formats.number(float(value), 2)} %"
    if unit.startswith("milliseconds"):
        return formats.duration(value / 1000)
    if isinstance(value, int):
        return str(value) if unit == "no unit" else formats.number(value)
    return formats.significant(float(value))


def _full_price(value: Any) -> str:
    """Return a price with all its digits, and at least two decimals."""
    exponent = Decimal(repr(value) if isinstance(value, float) else value).normalize().as_tuple().exponent
    return formats.number(float(value), min(max(2, -int(exponent)), 8))


def _plain(value: Any) -> str:
    return formats.number(value) if isinstance(value, int) else str(value)


def _date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
