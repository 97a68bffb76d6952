"""The quick flush leaves what Django's own leaves."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection

from tests.flush import KEPT, empty_tables
from tests.roles import run
from tests.warehouse.rows import add_gamma, ago
from warehouse.models import WatchlistEntry
from warehouse.watchlist import add_default_symbols


def fill() -> None:
    """Rows that refer to each other, to a permission, and to nothing."""
    group = Group.objects.create(name="operators")
    group.permissions.add(Permission.objects.first())
    User.objects.create(username="anna").groups.add(group)
    add_default_symbols(["SPX"])
    add_gamma(ago(0))


def rows() -> dict[str, int]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return {name: run(f'SELECT count(*) FROM "{name}"')[0][0] for name in names}


def test_the_same_rows_are_left(transactional_db):
    fill()
    call_command("flush", interactive=False, verbosity=0)
    expected = rows()
    fill()
    assert WatchlistEntry.objects.count() == 1
    empty_tables()
    assert rows() == expected
    assert {name for name, count in expected.items() if count} == set(KEPT)
