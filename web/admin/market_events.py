"""Page of market events, which operators enter and correct; none is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from quant import sessions
from warehouse import clock
from warehouse.models import MarketEvent
from warehouse.models.dates import ALL_SYMBOLS
from warehouse.models.enums import EventKind, Source
from warehouse.watchlist import LONGEST_SYMBOL, is_symbol
from web import formats
from web.admin.base import units
from web.admin.editable import EditableAdmin

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[MarketEvent]
else:
    ModelForm = forms.ModelForm


class MarketEventForm(ModelForm):
    """Form that rejects dates without a session and kinds that do not fit the symbol, with a one-line error."""

    is_expected = forms.BooleanField(
        required=False, initial=True, help_text="Clear it when the event was moved or called off."
    )

    class Meta:
        model = MarketEvent
        fields: ClassVar[tuple[str, ...]] = ("symbol", "kind", "date", "timing", "certainty", "note")
        widgets: ClassVar[dict[str, Any]] = {
            "symbol": UnfoldAdminTextInputWidget(attrs={"class": "short"}),
            "note": UnfoldAdminTextInputWidget,
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.fields["is_expected"].initial = self.instance.withdrawn_at is None

    def clean_symbol(self) -> str:
        symbol = str(self.cleaned_data["symbol"]).strip().upper()
        if symbol != ALL_SYMBOLS and not is_symbol(symbol):
            raise forms.ValidationError(
                f"Write the bare symbol, such as AAPL or BRK.B, of at most {LONGEST_SYMBOL} characters, or"
                f" {ALL_SYMBOLS} for all symbols."
            )
        return symbol

    def clean_date(self) -> Any:
        date = self.cleaned_data["date"]
        try:
            found = sessions.sessions(date, date)
        except ValueError:
            found = []
        if not found:
            raise forms.ValidationError(
                "The exchange has no session on this date: enter the first session after the event."
            )
        return date

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        kind, symbol = entered.get("kind"), entered.get("symbol")
        if kind == EventKind.EARNINGS and symbol == ALL_SYMBOLS:
            raise forms.ValidationError("Earnings are those of one symbol.")
        return entered


@admin.register(MarketEvent)
class MarketEventAdmin(EditableAdmin):
    """Events, the latest date first. An event that was moved is cleared and entered again."""

    form = MarketEventForm
    list_display = ("symbol", "kind", "date", "timing", "certainty", "expected", "note", "known")
    list_filter = ("kind", "certainty")
    search_fields = ("symbol__exact",)
    search_help_text = f"symbol, exactly: AAPL, or {ALL_SYMBOLS} for events of all symbols"
    ordering = ("-date", "symbol")
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("symbol", "kind", "date") if obj else ()  # the key, by which earlier versions are found

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **{**options, "help_texts": units(self.model)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.source = Source.LIVE
        if form.cleaned_data["is_expected"]:
            obj.withdrawn_at = None
        elif obj.withdrawn_at is None:
            obj.withdrawn_at = clock.now_ms()
        super().save_model(request, obj, form, change)

    @display(description="expected")
    def expected(self, row: MarketEvent) -> str:
        return formats.yes_no(row.withdrawn_at is None)

    @display(description="known since, New York")
    def known(self, row: MarketEvent) -> str:
        return formats.moment(row.known_at)
