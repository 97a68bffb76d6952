"""Table of net dealer gamma under each convention, as HTML."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_HEADINGS = ("convention", "net", "on the naive gross", "gross", "net / gross", "positioning", "flip")


def conventions_table(sensitivity: dict[str, Any] | None) -> SafeString | str:
    """Return the table of a snapshot's `sensitivity`: net gamma as measured, and on the naive gross where they compare.

    The two differ for the volume-weighted convention only. Customers-long is minus the gross by construction, which the
    caption says; rows of method gamma-1 have neither a ratio nor a status.
    """
    if not sensitivity:
        return "-"
    rows = [_row(name, row or {}) for name, row in sensitivity["conventions"].items()]
    agree = {True: "agree", False: "do not agree", None: "unknown"}[sensitivity.get("signs_agree")]
    return format_html(
        "<table><caption>Signs of naive, volume-weighted and own gamma: {}. Customers-long is a bound.</caption>"
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        agree,
        format_html_join("", "<th scope=col>{}</th>", ((heading,) for heading in _HEADINGS)),
        format_html_join("", "<tr>{}</tr>", ((row,) for row in rows)),
    )


def _row(name: str, row: dict[str, Any]) -> SafeString:
    cells = (
        name.replace("_", " "),
        _millions(row.get("net")),
        _millions(row.get("comparable_net")),
        _millions(row.get("gross")),
        "-" if row.get("ratio") is None else f"{row['ratio']:.2f}",
        row.get("positioning") or "-",
        f"{row['flip']:,.2f}" if row.get("flip") is not None else row.get("flip_status") or "-",
    )
    return format_html_join("", "<td>{}</td>", ((cell,) for cell in cells))


def _millions(dollars: float | None) -> str:
    return "-" if dollars is None else f"{dollars / 1e6:,.1f}M"
