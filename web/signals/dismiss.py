"""Dismissal of a signal by an operator, after a question."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from warehouse import clock
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import SignalEventKind
from web.form_fields import first_error
from web.signals.access import for_operators
from web.signals.naming import detector_title
from web.signals.states import state_of

LONGEST_REASON = 300  # characters


class DismissForm(forms.Form):
    """The reason of a dismissal, which may be empty."""

    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        label=f"Reason, if there is one; at most {LONGEST_REASON} characters",
        error_messages={
            "max_length": "The reason has %(show_value)s characters: write at most %(limit_value)s.",
            "null_characters_not_allowed": "The reason has a null character: write it without one.",
        },
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # A browser would cut a longer text without a word.
        del self.fields["reason"].widget.attrs["maxlength"]

    @property
    def sentence(self) -> str:
        """Return the error, empty without one."""
        return first_error(self)


@for_operators
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/signals/<pk>/dismiss/`: a question, and with POST the dismissal, stored as an event with the user's name.

    A signal that is no longer ACTIVE is not dismissed, and the user is told so. A reason that cannot be stored is
    shown again with a sentence.
    """
    signal = get_object_or_404(Signal, pk=pk)
    now_ms = clock.now_ms()
    state = state_of(signal, list(signal.events.all()), now_ms)
    title = f"{signal.symbol} {detector_title(str(signal.detector))}"
    form = DismissForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or (state.is_live and not form.is_valid()):
        context = {**admin.site.each_context(request), "title": "Dismiss", "signal": signal, "state": state}
        return render(request, "web/signals/dismiss.html", context | {"name": title, "form": form})
    if state.is_live and _store(signal, form.cleaned_data["reason"], request, now_ms):
        messages.success(request, f"{title} was dismissed.")
    else:
        messages.warning(request, f"{title} is not active any more, so that it was not dismissed.")
    return redirect("signal", pk)


def _store(signal: Signal, reason: str, request: HttpRequest, now_ms: int) -> bool:
    """Store the event and the line of the admin's log; return False where the signal has just ended."""
    try:
        with transaction.atomic():
            SignalEvent.objects.create(
                signal=signal,
                symbol=signal.symbol,
                kind=SignalEventKind.DISMISSED,
                timestamp=now_ms,
                reason=reason or None,
                username=request.user.get_username(),
            )
            LogEntry.objects.log_actions(
                int(request.user.pk or 0), [signal], CHANGE, "Dismissed.", single_object=True
            )
    except IntegrityError:
        return False
    return True
