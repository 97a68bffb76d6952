"""The databases of the embedded stack, and their preparation."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import redis
from psycopg import sql

from local.servers.hold import Held
from local.servers.postgres import OWNER


@dataclass(frozen=True, slots=True)
class Purpose:
    """A PostgreSQL database of the stack and the number of its Valkey database."""

    database: str
    redis_number: int
    fresh: bool  # dropped and created again at each start


WAREHOUSE = Purpose("warehouse", 0, fresh=False)  # real data, with a provider's key
SIMULATED = Purpose("simulated", 1, fresh=False)  # `make up` without a key
DEMO = Purpose("demo", 2, fresh=True)  # `make demo` without a key: its report covers this run only


def prepare(held: Held, purpose: Purpose) -> None:
    """Create the database of `purpose` if it does not exist, and empty it if it is to be fresh."""
    name = sql.Identifier(purpose.database)
    with psycopg.connect(held.superuser_url(), autocommit=True) as connection:
        if purpose.fresh:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [purpose.database])
        if row.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
    if purpose.fresh:
        with redis.Redis.from_url(held.redis_url(purpose.redis_number)) as client:
            client.flushdb()
