"""Schedules stored under a task's former name name the task as it is called now."""

from django.db import migrations

RENAMED = {"ingestion.tasks.watch_health": "monitoring.tasks.watch_health"}


def rename(apps, schema_editor):
    for before, after in RENAMED.items():
        apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(task=before).update(task=after)


def rename_back(apps, schema_editor):
    for before, after in RENAMED.items():
        apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(task=after).update(task=before)


class Migration(migrations.Migration):
    dependencies = [
        ("warehouse", "0010_prints_of_some_hours"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(rename, rename_back)]
