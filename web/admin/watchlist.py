"""Page of the watchlist, the only table of the warehouse that is edited in the admin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from warehouse import clock
from warehouse.models import WatchlistEntry
from warehouse.models.enums import UnderlyingKind
from web.admin.base import EstimatedPaginator, ModelAdmin, units

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[WatchlistEntry]
else:
    ModelForm = forms.ModelForm

_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]*")
_ROOT = re.compile(r"[A-Z0-9]{1,6}")


class WatchlistForm(ModelForm):
    """Form that rejects entries which ingestion could not use, with a one-line error."""

    class Meta:
        model = WatchlistEntry
        exclude = ("active_since_ms",)  # set when the entry is created

    def clean_symbol(self) -> str:
        symbol = str(self.cleaned_data["symbol"]).strip().upper()
        if not _SYMBOL.fullmatch(symbol):
            raise forms.ValidationError("Write the bare symbol, such as SPX or BRK.B, without a prefix.")
        return symbol

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
        if kind and name.startswith("I:") != (kind == UnderlyingKind.INDEX):
            self.add_error("provider_symbol", "The provider's symbol begins with I: for an index only.")
        return entered


@admin.register(WatchlistEntry)
class WatchlistEntryAdmin(ModelAdmin):
    """Watched symbols."""

    form = WatchlistForm
    paginator = EstimatedPaginator
    ordering = ("symbol",)
    list_display = (
        "symbol",
        "kind",
        "provider_symbol",
        "roots",
        "strike_band_pct",
        "ingest_chain",
        "ingest_flow",
    )
    list_editable = ("ingest_chain", "ingest_flow")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("symbol",) if obj else ()  # a different symbol needs a new entry

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **{**options, "help_texts": units(self.model)})

    def get_changelist_formset(self, request: HttpRequest, **options: Any) -> Any:
        formset = super().get_changelist_formset(request, **options)
        for name in self.list_editable:  # the list has no labels beside its fields
            formset.form.base_fields[name].widget.attrs["aria-label"] = name.replace("_", " ")
        return formset

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.active_since_ms = clock.now_ms()
        super().save_model(request, obj, form, change)
