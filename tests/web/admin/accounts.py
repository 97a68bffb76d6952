"""Users of each group, logged in."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.test import Client

from web.roles import store_groups


def member(group: str, name: str | None = None, **columns) -> User:
    """A user of staff who belongs to one group, named like the group unless `name` is given."""
    store_groups()
    user = User.objects.create_user(name or group, is_staff=True, **columns)
    user.groups.add(Group.objects.get(name=group))
    return user


def logged_in(user: User) -> Client:
    """A client with a login session of the user."""
    client = Client()
    client.force_login(user)
    return client
