"""Page of session exceptions, which the calendar watch writes and operators correct."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from quant.sessions import NEW_YORK
from warehouse import clock
from warehouse.models import SessionException
from web import formats
from web.admin.editable import EditableAdmin

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[SessionException]
else:
    ModelForm = forms.ModelForm

# Further away the exchange calendar knows no sessions, and epoch milliseconds of a mistyped year would be stored.
_FIRST, _LAST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)


def _time_field(what: str) -> forms.TimeField:
    return forms.TimeField(
        label=f"{what}, New York",
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time", "class": "short"}),
        help_text="Leave both empty on a day without a session.",
    )


class SessionExceptionForm(ModelForm):
    """Date, hours in New York and reason of an exception."""

    date = forms.DateField(
        widget=UnfoldAdminDateWidget,
        help_text="The calendar watch may replace it with the provider's answer.",
    )
    opens = _time_field("opens")
    closes = _time_field("closes")
    reason = forms.CharField(
        max_length=300, help_text="One sentence: who says that the session differs from the calendar."
    )

    class Meta:
        model = SessionException
        fields = ("date", "opens", "closes", "reason")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name in ("opens", "closes"):
            at_ms = getattr(self.instance, f"{name}_ms")
            self.initial.setdefault(name, formats.time_of_day(at_ms) if at_ms is not None else None)

    def clean_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["date"]
        if not _FIRST <= day <= _LAST:
            raise forms.ValidationError("The date must be between 2000 and 2099.")
        return day

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        opens, closes = entered.get("opens"), entered.get("closes")
        if (opens is None) != (closes is None) and not self.errors:
            self.add_error("closes", "Give both times, or none on a day without a session.")
        elif opens and closes and opens >= closes:
            self.add_error("closes", "The session must close after it opens.")
        return entered


@admin.register(SessionException)
class SessionExceptionPage(EditableAdmin):
    """Sessions on which the provider, or an operator, differs from the exchange calendar."""

    form = SessionExceptionForm
    fields = ("date", "opens", "closes", "reason")
    ordering = ("-date",)
    list_display = ("date", "opens_at", "closes_at", "reason")
    show_full_result_count = False

    @admin.display(description="opens, New York")
    def opens_at(self, row: SessionException) -> str:
        return formats.time_of_day(row.opens_ms) if row.opens_ms is not None else "no session"

    @admin.display(description="closes, New York")
    def closes_at(self, row: SessionException) -> str:
        return formats.time_of_day(row.closes_ms) if row.closes_ms is not None else "no session"

    opens, closes = opens_at, closes_at  # of the page of a row that the user may only view

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("date",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        for name in ("opens", "closes"):
            at = form.cleaned_data[name]
            instant = at and dt.datetime.combine(obj.date, at, NEW_YORK)
            setattr(obj, f"{name}_ms", clock.epoch_ms(instant) if instant else None)
        obj.noted_at = clock.now_ms()
        super().save_model(request, obj, form, change)
