"""Charts on the page of one row of a read-only table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from django.contrib.admin import display
from django.forms import Media
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from quant import sessions
from warehouse import clock
from web.admin.base import ReadOnlyAdmin
from web.charts.figures import figure
from web.formats import ABSENT

# The types of Media do not know Script, which Django documents for it.
_SCRIPTS: Any = (
    Script("web/vendor/echarts/echarts.min.js", defer=True),
    Script("web/charts/start.js", type="module"),
)
_MEDIA = Media(css={"all": ("web/desk.css", "web/charts.css")}, js=_SCRIPTS)


class RowChart(NamedTuple):
    """A chart of a symbol (None for the market as a whole) and the query of its document."""

    symbol: str | None
    chart: str
    query: str


class ChartsOfRow(ReadOnlyAdmin):
    """Read-only table whose rows have charts. The scripts of charts are on the page of a row only, not on the list."""

    readonly_fields: ClassVar[tuple[str, ...]] = ("charts",)

    def row_charts(self, row: Any) -> list[RowChart]:
        """Return the charts of a row."""
        raise NotImplementedError

    @display(description="charts")
    def charts(self, row: Any) -> SafeString:
        return charts_html(self.row_charts(row))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        context["media"] = context["media"] + _MEDIA
        return super().render_change_form(request, context, *arguments, **named)


def charts_html(charts: Sequence[RowChart]) -> SafeString:
    """Return the figures of charts, one below the other, or a dash without any."""
    if not charts:
        return SafeString(ABSENT)
    figures = format_html_join("", "{}", ((figure(*chart),) for chart in charts))
    return format_html('<div class="desk row-charts">{}</div>', figures)


def close_query(day: Any) -> str:
    """Return the query that shows a chart up to the close of a session, or of all times for a date without one."""
    if not sessions.sessions(day, day):
        return ""
    return f"slot={clock.epoch_ms(sessions.index_close_of(day))}"


def session_query(at_ms: int) -> str:
    """Return the query that shows the whole session of an instant, epoch ms."""
    return close_query(sessions.new_york_date(clock.instant(at_ms)))
