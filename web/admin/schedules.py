"""Pages of crontabs and intervals. One that schedules use is not deleted, because they would be deleted with it.

The page of a schedule is in `web.admin.periodic_tasks`. Solar and clocked schedules are not used here and have no page.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule

from web.admin.editable import EditableAdmin

for _model in (CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(_model)


class TimingAdmin(EditableAdmin):
    """Times at which schedules run."""

    @admin.display(description="schedules that use it")
    def used_by(self, timing: Any) -> str:
        return ", ".join(names_of_users(timing)) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "used_by")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what a deletion removes, and the schedules that forbid it as protected ones."""
        names, counts, missing, protected = super().get_deleted_objects(objs, request)
        users = [f"schedule {name}" for timing in objs for name in names_of_users(timing)]
        return (
            (names, counts, missing, [*protected, *users]) if users else (names, counts, missing, protected)
        )


@admin.register(CrontabSchedule)
class CrontabPage(TimingAdmin):
    """Crontabs."""

    list_display = ("human_readable", "minute", "hour", "day_of_week", "timezone", "used_by")
    readonly_fields = ("human_readable",)
    fields = (
        *("human_readable", "used_by", "minute", "hour"),
        *("day_of_week", "day_of_month", "month_of_year", "timezone"),
    )


@admin.register(IntervalSchedule)
class IntervalPage(TimingAdmin):
    """Intervals, listed while there is one."""

    list_display = ("__str__", "used_by")
    fields = ("every", "period", "used_by")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) and IntervalSchedule.objects.exists()


def names_of_users(timing: Model) -> list[str]:
    """Return the names of the schedules that use a crontab or an interval."""
    return list(timing.periodictask_set.order_by("name").values_list("name", flat=True))  # type: ignore[attr-defined]
