"""Pages of schedules: what runs, when it ran and runs next, its arguments as fields, and running it now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from web.admin.editable import EditableAdmin
from web.schedules.arguments import stored_arguments
from web.schedules.catalogue import TASKS, in_words
from web.schedules.form import FROM, UNTIL, ScheduleForm
from web.schedules.run_now import NotSent, send_now
from web.schedules.times import last_result, market_moment, next_run_in_words
from web.schedules.titles import runs_in_words, title_of

_ARGUMENT_FIELDS = (
    *("every_minutes", FROM, UNTIL),
    *("minutes_after_close", "breadth_sessions", "seconds_after_minute"),
)
_TIMES = ("next_run", "last_run", "last_result")
_UNUSED = ("solar", "clocked")  # kinds of schedules without a page; shown where an entry uses one

admin.site.unregister(PeriodicTask)
# Titles, messages and the log of changes show the text of an entry. That of django-celery-beat is its crontab.
PeriodicTask.__str__ = title_of


@admin.register(PeriodicTask)
class SchedulePage(EditableAdmin, PeriodicTaskAdmin):
    """Schedules of beat. Whoever may change one may also run it now."""

    form = ScheduleForm
    date_hierarchy = None
    list_display = ("name", "task_in_words", "enabled_in_words", "when", "next_run", "last_run")
    list_filter = ("enabled", "task")
    search_fields = ("name", "task")
    ordering = ("name",)
    actions = ("enable_tasks", "disable_tasks", "run_tasks")
    readonly_fields = ("task_in_words", "enabled_in_words", "when", "arguments_in_words", *_TIMES)

    # -- what a list and a page show ----------------------------------------------------------------------
    @admin.display(description="task", ordering="task")
    def task_in_words(self, entry: PeriodicTask) -> str:
        return TASKS[entry.task].does if entry.task in TASKS else entry.task

    @admin.display(description="state", ordering="enabled")
    def enabled_in_words(self, entry: PeriodicTask) -> str:
        return "enabled" if entry.enabled else "disabled"

    @admin.display(description="runs")
    def when(self, entry: PeriodicTask) -> str:
        return runs_in_words(entry)

    @admin.display(description="next run, New York")
    def next_run(self, entry: PeriodicTask) -> str:
        return next_run_in_words(entry, datetime.now(UTC))

    @admin.display(description="last run, New York", ordering="last_run_at")
    def last_run(self, entry: PeriodicTask) -> str:
        return market_moment(entry.last_run_at)

    @admin.display(description="last result")
    def last_result(self, entry: PeriodicTask) -> str:
        return last_result(entry)

    @admin.display(description="arguments")
    def arguments_in_words(self, entry: PeriodicTask) -> str:
        try:
            return in_words(entry.task, stored_arguments(entry)[1])
        except ValueError as error:
            return str(error)

    # -- the page of one schedule ---------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return (
                (None, {"fields": ("name", "task_in_words", "description", "enabled_in_words")}),
                ("Runs", {"fields": ("arguments_in_words", "when", *_TIMES)}),
            )
        arguments = (
            _ARGUMENT_FIELDS if obj is None or obj.task in TASKS else (*_ARGUMENT_FIELDS, "args", "kwargs")
        )
        timing = ["crontab", "interval"] if IntervalSchedule.objects.exists() else ["crontab"]
        if obj:
            timing += [kind for kind in _UNUSED if getattr(obj, f"{kind}_id")]
            timing += _TIMES
        return (
            (None, {"fields": ("name", "task", "description", "enabled")}),
            ("Arguments", {"fields": arguments}),
            ("Times", {"fields": timing}),
            ("Messages", {"fields": ("queue", "expire_seconds")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *_UNUSED)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        entry = self.get_object(request, object_id) if object_id else None
        if entry and self.has_change_permission(request, entry):
            context["run_url"] = reverse("admin:django_celery_beat_periodictask_run", args=[entry.pk])
            if request.method == "GET":
                self._warn_of_broken_arguments(request, entry)
        return super().changeform_view(request, object_id, form_url, context)

    def _warn_of_broken_arguments(self, request: HttpRequest, entry: PeriodicTask) -> None:
        try:
            stored_arguments(entry)
        except ValueError as error:
            shown = " The fields show the defaults." if entry.task in TASKS else ""
            self.message_user(request, f"{error}{shown}", level=messages.WARNING)

    # -- actions ---------------------------------------------------------------------------------------------
    @admin.action(description="Enable", permissions=["change"])
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_enabled(request, queryset, enabled=True)

    @admin.action(description="Disable", permissions=["change"])
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_enabled(request, queryset, enabled=False)

    @admin.action(description="Run now", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._run(request, list(queryset.order_by("name")))

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/run/",
            self.admin_site.admin_view(self.run_view),
            name="django_celery_beat_periodictask_run",
        )
        return [address, *super().get_urls()]

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Run one schedule now. A request that is no POST leads to its page and runs nothing."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        entry = self.get_object(request, object_id)
        if entry is None:
            raise Http404("There is no such schedule.")
        if request.method == "POST":
            self._run(request, [entry])
        return redirect("admin:django_celery_beat_periodictask_change", entry.pk)

    def _run(self, request: HttpRequest, entries: list[PeriodicTask]) -> None:
        try:
            send_now(entries)
        except NotSent as error:
            self.message_user(request, f"{error} Nothing was sent.", level=messages.ERROR)
            return
        for entry in entries:
            self.log_change(request, entry, "Run now.")
        names = ", ".join(entry.name for entry in entries)
        self.message_user(request, f"Sent now: {names}. A worker runs it when its queue is free.")

    def _set_enabled(self, request: HttpRequest, queryset: QuerySet[Any], *, enabled: bool) -> None:
        word = "enabled" if enabled else "disabled"
        entries = list(queryset.exclude(enabled=enabled).order_by("name"))
        for entry in entries:
            entry.enabled = enabled
            entry.save()
            self.log_change(request, entry, f"{word.capitalize()}.")
        names = ", ".join(entry.name for entry in entries) or "none, because all of them were before"
        self.message_user(request, f"{word.capitalize()}: {names}.")
