"""Page of the watchlist: which underlyings are watched, and what is stored of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from ingestion.provider_client import lists_options
from provider.errors import ProviderError
from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind
from warehouse.watchlist import conflicts, is_symbol
from web.admin.base import EstimatedPaginator
from web.admin.editable import EditableAdmin

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[WatchlistEntry]
else:
    ModelForm = forms.ModelForm

_ROOT = re.compile(r"[A-Z0-9]{1,6}")
_HELP = {
    "symbol": "Bare symbol of the underlying: SPX, SPY, BRK.B. It cannot be changed later.",
    "kind": "An index has cash-settled options, and I: before its provider symbol.",
    "provider_symbol": "What the provider calls it: I:SPX for an index, else the symbol. It is asked when you save.",
    "roots": "Beginnings of its contract tickers, with commas: SPX,SPXW. Usually the symbol without its point.",
    "reference_symbol": "Instrument on the same market whose bars are fetched too: SPY for SPX. May be empty.",
    "ingest_chain": "Fetch and store the option chain at each slot.",
    "strike_band_pct": "Store strikes up to this percentage from the price, such as 20. Empty stores all.",
    "ingest_flow": "Store the classified trades of its options.",
}


def _short() -> forms.Widget:
    widget: forms.Widget = UnfoldAdminTextInputWidget(attrs={"class": "short"})
    return widget


class WatchlistForm(ModelForm):
    """Form that rejects entries which ingestion could not use, or which would take contracts from another symbol.

    `unasked` is why the provider gave no answer, one sentence, or empty.
    """

    unasked = ""

    class Meta:
        model = WatchlistEntry
        exclude = ("active_since_ms",)  # set when the entry is created
        help_texts = _HELP
        labels = {"strike_band_pct": "Strike band, %"}
        widgets = {
            name: _short()
            for name in ("symbol", "provider_symbol", "roots", "reference_symbol", "strike_band_pct")
        }

    def clean_symbol(self) -> str:
        symbol = str(self.cleaned_data["symbol"]).strip().upper()
        if not is_symbol(symbol):
            raise forms.ValidationError("Write the bare symbol, such as SPX or BRK.B, without a prefix.")
        return symbol

    def clean_provider_symbol(self) -> str:
        name = str(self.cleaned_data["provider_symbol"]).strip().upper()
        if not is_symbol(name.removeprefix("I:")):
            raise forms.ValidationError("Write the provider's symbol, such as I:SPX, SPY or BRK.B.")
        return name

    def clean_reference_symbol(self) -> str | None:
        name = str(self.cleaned_data["reference_symbol"] or "").strip().upper()
        if name and not is_symbol(name):
            raise forms.ValidationError("Write a bare symbol, such as SPY, or nothing.")
        return name or None

    def clean_roots(self) -> list[str]:
        roots = [str(root).strip().upper() for root in self.cleaned_data["roots"]]
        wrong = [root for root in roots if not _ROOT.fullmatch(root)]
        if wrong:
            raise forms.ValidationError(
                f"A root is one to six letters and digits, such as SPXW or BRKB; not {', '.join(wrong)}."
            )
        if len(set(roots)) < len(roots):
            raise forms.ValidationError("Enter every root once.")
        return roots

    def clean_strike_band_pct(self) -> float | None:
        band: float | None = self.cleaned_data["strike_band_pct"]
        if band is not None and not 0 < band <= 100:
            raise forms.ValidationError(
                "The band is a percentage of spot above 0 and up to 100, or empty for all."
            )
        return band

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        kind, name = entered.get("kind"), str(entered.get("provider_symbol") or "")
        if kind and name and name.startswith("I:") != (kind == UnderlyingKind.INDEX):
            self.add_error("provider_symbol", "The provider's symbol begins with I: for an index only.")
        if not self.errors:
            symbol = str(entered.get("symbol") or self.instance.symbol)
            for conflict in conflicts(symbol, name, entered["roots"])[:1]:
                self.add_error(conflict.column if conflict.column in self.fields else None, conflict.sentence)
        if not self.errors and "provider_symbol" in self.changed_data:
            self._ask_provider(name)
        return entered

    def _ask_provider(self, name: str) -> None:
        try:
            if not lists_options(name):
                self.add_error("provider_symbol", f"The provider lists no options of {name}.")
        except ProviderError as error:
            self.unasked = f"Saved without asking the provider: {error}"


@admin.register(WatchlistEntry)
class WatchlistEntryAdmin(EditableAdmin):
    """Watched symbols."""

    form = WatchlistForm
    paginator = EstimatedPaginator
    ordering = ("symbol",)
    list_display = (
        "symbol",
        "kind_in_words",
        "provider_symbol",
        "roots",
        "strike_band",
        "ingest_chain",
        "ingest_flow",
    )
    list_editable = ("ingest_chain", "ingest_flow")
    show_full_result_count = False
    fieldsets = (
        ("What is watched", {"fields": ("symbol", "kind", "provider_symbol", "roots", "reference_symbol")}),
        ("What is stored", {"fields": ("ingest_chain", "strike_band_pct", "ingest_flow")}),
    )

    @admin.display(description="kind", ordering="kind")
    def kind_in_words(self, entry: WatchlistEntry) -> str:
        return "ETF" if entry.kind == UnderlyingKind.ETF else str(entry.kind)

    @admin.display(description="strikes stored", ordering="strike_band_pct")
    def strike_band(self, entry: WatchlistEntry) -> str:
        return "all" if entry.strike_band_pct is None else f"within {entry.strike_band_pct:g} % of the price"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("symbol",) if obj else ()  # a different symbol needs a new entry

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        # Without a count of the whole table the header offers to show all rows beside all rows.
        changelist.full_result_count = changelist.result_count
        return changelist

    def get_changelist_formset(self, request: HttpRequest, **options: Any) -> Any:
        formset = super().get_changelist_formset(request, **options)
        for name in self.list_editable:  # the list has no labels beside its fields
            formset.form.base_fields[name].widget.attrs["aria-label"] = name.replace("_", " ")
        return formset

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.active_since_ms = clock.now_ms()
        super().save_model(request, obj, form, change)
        if getattr(form, "unasked", ""):  # the form of the list has no such question
            self.message_user(request, form.unasked, level=messages.WARNING)
