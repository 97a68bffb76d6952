"""Values of JSON columns as tables and as short texts."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from web import formats

SHOWN_ENTRIES = 500  # of one table; a longer one says how many entries there are
_LONGEST_TEXT = 80
_EARLIEST_MS = 10**11
_TIMES = ("timestamp", "slot")


def json_table(value: Any, name: str) -> SafeString | str:
    """Return a table of an object's entries, or the text of a scalar; objects in it are tables in its cells.

    `name` is that of the column, for assistive technology.
    """
    return format_html(
        '<div class="json-value" tabindex="0" role="region" aria-label="Values of {}">{}</div>',
        name,
        _html(value),
    )


def json_text(value: Any) -> str:
    """Return a value in one short line: adjusted 3, crossed 12."""
    if isinstance(value, dict):
        found = ", ".join(f"{formats.words(str(key))} {_scalar(key, one)}" for key, one in value.items())
    elif isinstance(value, list):
        found = ", ".join(_scalar("", one) for one in value)
    else:
        found = _scalar("", value)
    found = found or "none"
    return found if len(found) <= _LONGEST_TEXT else f"{found[: _LONGEST_TEXT - 1]}…"


def _html(value: Any, key: str = "") -> SafeString | str:
    if isinstance(value, dict) and value:
        if all(isinstance(one, dict) and one for one in value.values()):
            names = list(dict.fromkeys(name for one in value.values() for name in one))
            if len(names) <= 12:
                return _matrix(value, names)
        shown = list(value.items())[:SHOWN_ENTRIES]
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td></tr>',
            ((formats.words(str(name)), _html(one, str(name))) for name, one in shown),
        )
        return _table(SafeString(""), rows, len(value))
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return _html({str(number): one for number, one in enumerate(value, 1)})
    if isinstance(value, list):
        return ", ".join(_scalar(key, one) for one in value) or "none"
    return _scalar(key, value)


def _matrix(value: dict[str, Any], names: list[str]) -> SafeString:
    """Return one row for each entry, one column for each name of the entries."""
    head = format_html(
        '<thead><tr><th scope="col">key</th>{}</tr></thead>',
        format_html_join("", '<th scope="col">{}</th>', ((formats.words(name),) for name in names)),
    )
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th>{}</tr>',
        (
            (
                formats.words(str(key)),
                format_html_join("", "<td>{}</td>", ((_html(one.get(name), name),) for name in names)),
            )
            for key, one in list(value.items())[:SHOWN_ENTRIES]
        ),
    )
    return _table(head, rows, len(value))


def _table(head: SafeString, rows: SafeString, entries: int) -> SafeString:
    note = f"The first {SHOWN_ENTRIES:,} of {entries:,} entries." if entries > SHOWN_ENTRIES else ""
    return format_html("<table>{}<tbody>{}</tbody></table>{}", head, rows, note)


def _scalar(key: Any, value: Any) -> str:
    if isinstance(value, dict | list):
        return f"({len(value)} entries)" if value else "none"
    if value is None:
        return formats.ABSENT
    if isinstance(value, bool):
        return formats.yes_no(value)
    if isinstance(value, int) and _is_time(str(key)) and value > _EARLIEST_MS:
        return formats.moment(value)
    if isinstance(value, int):
        return formats.number(value)
    return formats.significant(value) if isinstance(value, float) else str(value)


def _is_time(name: str) -> bool:
    return name in _TIMES or name.endswith(("_at", "_ms", "_as_of", "_timestamp"))


def plain_json(value: Any) -> str:
    """Return a value as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
