"""The groups of users: viewer, operator, administrator. Each may do what the one before it may, and more."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

VIEWER, OPERATOR, ADMINISTRATOR = "viewer", "operator", "administrator"

_SCHEDULES = ("periodictask", "crontabschedule", "intervalschedule")
_ACCOUNTS = ("user", "group")


@dataclass(frozen=True, slots=True)
class Role:
    """A group of users: its name, the word for its members, and the permissions it adds to those of the role before."""

    name: str
    members: str
    adds: Q


def _every(app: str, *models: str) -> Q:
    return Q(content_type__app_label=app, content_type__model__in=models)


ROLES = (
    # What the database role warehouse_reader reads, and the schedules.
    Role(
        VIEWER,
        "Viewers",
        Q(codename__startswith="view_")
        & (Q(content_type__app_label="warehouse") | _every("django_celery_beat", *_SCHEDULES)),
    ),
    Role(
        OPERATOR,
        "Operators",
        _every("warehouse", "watchlistentry", "sessionexception")
        # None of these is deleted. A signal is dismissed by an event.
        | Q(codename__in=("add_marketevent", "change_marketevent", "add_pattern", "change_pattern"))
        | Q(codename="add_signalevent")
        # Backtests and optimisations are asked for and canceled. Their rows are written by the workers.
        | Q(codename__in=("add_backtest", "add_optimization"))
        # Weights of scores are promoted and restored.
        | Q(codename="change_confluenceconfig")
        | _every("django_celery_beat", *_SCHEDULES),
    ),
    Role(ADMINISTRATOR, "Administrators", _every("auth", *_ACCOUNTS)),
)


def store_groups() -> int:
    """Add the groups that are missing, and to each the permissions it lacks; return how many groups were added.

    Permissions that administrators gave to a group in addition are kept. Pages of a new version are visible to the
    groups after the next call.
    """
    added, allowed = 0, Q(pk__in=())
    for role in ROLES:
        allowed |= role.adds
        group, created = Group.objects.get_or_create(name=role.name)
        group.permissions.add(*Permission.objects.filter(allowed))
        added += created
    return added


def group_for(permission: str) -> str | None:
    """Return the first group that has a permission such as `warehouse.change_watchlistentry`, or None."""
    app, _, codename = permission.partition(".")
    allowed = Q(pk__in=())
    for role in ROLES:
        allowed |= role.adds
        if Permission.objects.filter(allowed, content_type__app_label=app, codename=codename).exists():
            return role.name
    return None


def role_of(user: User) -> Role | None:
    """Return the highest of the three groups that a user belongs to, or None."""
    names = set(user.groups.values_list("name", flat=True))
    return next((role for role in reversed(ROLES) if role.name in names), None)
