"""Table of net dealer gamma under each convention, as HTML."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from web import formats

_HEADINGS = ("convention", "net", "on the naive gross", "gross", "net / gross", "positioning", "flip")


def conventions_table(sensitivity: dict[str, Any] | None) -> SafeString | str:
    """Return the table of a snapshot's `sensitivity`: net gamma as measured, and on the naive gross where they compare.

    The two differ for the volume-weighted convention only. Customers-long is minus the gross by construction, which the
    caption says; rows of method gamma-1 have neither a ratio nor a status.
    """
    if not sensitivity:
        return formats.ABSENT
    rows = [_row(name, row or {}) for name, row in sensitivity["conventions"].items()]
    agree = {True: "agree", False: "do not agree", None: "unknown"}[sensitivity.get("signs_agree")]
    return format_html(
        '<div class="desk row-table" tabindex="0" role="region" aria-label="Net gamma by convention"><table>'
        "<caption>Signs of naive, volume-weighted and own gamma: {}. Customers-long is a bound.</caption>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        agree,
        format_html_join(
            "",
            '<th scope="col" class="{}">{}</th>',
            (("num" if n else "", one) for n, one in enumerate(_HEADINGS)),
        ),
        format_html_join("", "<tr>{}</tr>", ((row,) for row in rows)),
    )


def _row(name: str, row: dict[str, Any]) -> SafeString:
    cells = (
        name.replace("_", " "),
        formats.money(row.get("net"), sign=True),
        formats.money(row.get("comparable_net"), sign=True),
        formats.money(row.get("gross")),
        formats.number(row.get("ratio"), 2, sign=True),
        formats.words(row.get("positioning")),
        formats.price(row["flip"]) if row.get("flip") is not None else formats.words(row.get("flip_status")),
    )
    heading, *numbers = cells
    return format_html('<th scope="row">{}</th>', heading) + format_html_join(
        "", '<td class="num">{}</td>', ((cell,) for cell in numbers)
    )
