"""Pages of the pattern library, which operators edit, and of the matches that the scanner found."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import path, reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from backtest.patterns.filling import UNMEASURED
from signals.patterns import conditions_text
from signals.patterns.conditions import OPERATORS, RefusedConditions, parse
from signals.patterns.fields import FIELDS
from signals.patterns.preview import SESSIONS, preview
from warehouse import clock
from warehouse.models import Pattern, PatternMatch, WatchlistEntry
from warehouse.models.enums import PatternStatus
from web import formats
from web.admin.base import DailyAdmin, units
from web.admin.editable import EditableAdmin
from web.admin.setups.pattern_rates import in_one_line, rate_rows
from web.lists import filters
from web.lists.filters import ListFilter
from web.lists.links import list_address

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Pattern]
else:
    ModelForm = forms.ModelForm

MOST_SYMBOLS = 10  # of one preview, which computes the features of every session
_NAME = re.compile(r"[a-z][a-z0-9_]{2,59}")


class ConditionsField(forms.JSONField):
    """Conditions as JSON. What cannot be used is rejected with one sentence."""

    empty_values: Any = (None, "")  # {} is that of a pattern without a source

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        try:
            return conditions_text.read(value)
        except RefusedConditions as error:
            raise forms.ValidationError(str(error)) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return a posted text as it was written, whether it can be read or not."""
        return InvalidJSONInput(data) if isinstance(data, str) else super().bound_data(data, initial)

    def prepare_value(self, value: Any) -> Any:
        """Return the JSON in lines, as people write it."""
        shown = super().prepare_value(value)
        return shown if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class PatternForm(ModelForm):
    """Form that rejects conditions that cannot be evaluated with a one-line error that has the path."""

    conditions = ConditionsField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 16, "spellcheck": "false"}),
        help_text="Groups all or any of {field, op, value}, nested at most three deep, at most 30 conditions.",
    )

    class Meta:
        model = Pattern
        fields: ClassVar[tuple[str, ...]] = ("name", "description", "status", "conditions")
        widgets: ClassVar[dict[str, Any]] = {
            "name": UnfoldAdminTextInputWidget,
            "description": UnfoldAdminTextInputWidget,
        }

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not _NAME.fullmatch(name):
            raise forms.ValidationError("Use 3 to 60 small letters, digits and underscores, a letter first.")
        return name

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        is_without = (
            entered.get("conditions") == {} and entered.get("status") == PatternStatus.DATA_UNAVAILABLE
        )
        if "conditions" in entered and not is_without:
            try:
                parse(entered["conditions"])
            except RefusedConditions as error:
                self.add_error("conditions", str(error))
        return entered


@admin.register(Pattern)
class PatternAdmin(EditableAdmin):
    """Patterns with their conditions, the fields that these may name, and a preview of matches.

    None is deleted, because its matches would be deleted with it: it is paused.
    """

    form = PatternForm
    change_form_template = "web/signals/pattern_form.html"
    list_display = ("name", "description", "status_in_words", "matches_recently", "win_rate")
    list_filter = ("status",)
    ordering = ("name",)
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        comments = {name: text for name, text in units(self.model).items() if name != "conditions"}
        return super().get_form(request, obj, change, **{**options, "help_texts": comments})

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="warehouse_pattern_preview"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        watched = list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))
        context |= {
            "condition_fields": FIELDS,
            "operators": OPERATORS,
            "preview_url": reverse("admin:warehouse_pattern_preview"),
            "watched": watched,
            "most_symbols": MOST_SYMBOLS,
            "sessions": SESSIONS,
            "rates": rate_rows(context["original"]) if context["original"] else [],
            "matches_url": list_address("patternmatch", pattern=getattr(context["original"], "pk", "")),
        }
        return super().render_change_form(request, context, *arguments, **named)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Serve the matches of posted conditions in the last sessions as a fragment of HTML; nothing is stored."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        symbol = request.POST.get("symbol", "")
        watched = list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))
        symbols = [symbol] if symbol in watched else watched[:MOST_SYMBOLS]
        context: dict[str, Any] = {"symbols": symbols, "all_symbols": watched, "sessions": SESSIONS}
        try:
            conditions = parse(ConditionsField().clean(request.POST.get("conditions", "")))
        except (RefusedConditions, forms.ValidationError) as error:
            sentence = error.messages[0] if isinstance(error, forms.ValidationError) else str(error)
            return render(request, "web/signals/preview.html", context | {"error": sentence})
        found = preview(conditions, symbols, clock.now_ms())
        shown = [(one, [_shown(value) for value in one.values.items()]) for one in found.matches[:200]]
        return render(request, "web/signals/preview.html", context | {"found": found, "shown": shown})

    @display(description="status", ordering="status")
    def status_in_words(self, row: Pattern) -> str:
        return formats.words(row.status)

    @display(description="matches in 30 days")
    def matches_recently(self, row: Pattern) -> str:
        since = clock.now_ms() - 30 * 86_400_000
        return formats.number(PatternMatch.objects.filter(pattern=row, bar_end__gte=since).count())

    @display(description="win rate in the backtest")
    def win_rate(self, row: Pattern) -> str:
        return in_one_line(row)

    def save_model(self, request: HttpRequest, obj: Pattern, form: Any, change: bool) -> None:
        """Save the pattern; its rates are those of its former conditions, so edited ones have none."""
        if "conditions" in form.changed_data:
            for name, value in UNMEASURED.items():
                setattr(obj, name, value)
        super().save_model(request, obj, form, change)


def _shown(item: tuple[str, Any]) -> str:
    """Return a field with its value: rsi14 61.5."""
    name, value = item
    if isinstance(value, bool):
        return f"{name} {formats.yes_no(value)}"
    text = formats.significant(value) if isinstance(value, float | int) else formats.words(value)
    return f"{name} {text}"


class PatternFilter(ListFilter):
    """Filter by pattern."""

    title = "pattern"
    parameter_name = "pattern"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (str(key), str(name)) for key, name in Pattern.objects.order_by("name").values_list("pk", "name")
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = {str(key) for key, _ in self.lookup_choices}
        return queryset.filter(pattern=self.value()) if self.value() in known else queryset


@admin.register(PatternMatch)
class PatternMatchAdmin(DailyAdmin):
    """The first match of each pattern, symbol and session."""

    list_filter = (filters.SymbolFilter, PatternFilter, filters.SessionFilter)
    list_select_related = ("pattern",)
    orders = {"bar_end": ("bar_end", "id")}
    time_orders = ("bar_end",)
    list_display = ("bar_end", "symbol", "pattern_name", "date", "values", "known_at")

    @display(description="pattern")
    def pattern_name(self, row: PatternMatch) -> str:
        return str(row.pattern)
