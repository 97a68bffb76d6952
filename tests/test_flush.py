"""The fast flush leaves the same rows as Django's flush."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection

from tests.flush import KEPT, empty_tables
from tests.roles import run
from tests.warehouse.rows import add_gamma, ago
from warehouse.models import WatchlistEntry
from warehouse.watchlist import add_default_symbols


def add_rows() -> None:
    """Add rows that refer to each other, to a permission, and to no other row."""
    group = Group.objects.create(name="operators")
    group.permissions.add(Permission.objects.first())
    User.objects.create(username="anna").groups.add(group)
    add_default_symbols(["SPX"])
    add_gamma(ago(0))


def row_counts() -> dict[str, int]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return {name: run(f'SELECT count(*) FROM "{name}"')[0][0] for name in names}


def test_the_fast_flush_leaves_the_same_rows_as_djangos_flush(transactional_db):
    add_rows()
    call_command("flush", interactive=False, verbosity=0)
    expected = row_counts()
    add_rows()
    assert WatchlistEntry.objects.count() == 1
    empty_tables()
    assert row_counts() == expected
    assert {name for name, count in expected.items() if count} == set(KEPT)
