from __future__ import annotations

import psycopg

from local.servers import Held


def test_the_owner_of_the_warehouse_is_no_superuser(stack: Held) -> None:
    with psycopg.connect(stack.owner_url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True, True)
