"""Beat's hours and accounts: the pages their packages bring, in the look of the others.

The page of a schedule entry knows the tasks and stands in `web.admin.schedule_form`.
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_celery_beat.admin import ClockedScheduleAdmin, CrontabScheduleAdmin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    SolarSchedule,
)
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from web.admin.base import ModelAdmin

_UNFOLD_USER = {
    "form": UserChangeForm,
    "add_form": UserCreationForm,
    "change_password_form": AdminPasswordChangeForm,
}

for _model, _pages, _options in (
    (CrontabSchedule, (CrontabScheduleAdmin,), {}),
    (ClockedSchedule, (ClockedScheduleAdmin,), {}),
    (IntervalSchedule, (), {}),
    (SolarSchedule, (), {}),
    (Group, (GroupAdmin,), {}),
    (User, (UserAdmin,), _UNFOLD_USER),
):
    admin.site.unregister(_model)
    admin.site.register(_model, type(f"{_model.__name__}Page", (*_pages, ModelAdmin), dict(_options)))
