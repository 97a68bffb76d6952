"""Pages of crontabs, intervals and accounts: those of their packages, with the theme of the other pages.

The page of a schedule entry is in `web.admin.schedule_form`.
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
