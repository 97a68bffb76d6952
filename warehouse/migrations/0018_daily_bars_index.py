"""Add an index for the daily bars of all stocks of one day.

Each partition is indexed without blocking its writers (CONCURRENTLY, which needs a migration without a transaction),
then attached. An interrupted migration can be repeated: the partitions without the index are indexed again.
"""

from django.db import migrations

_INDEX = "historical_bars_daily_idx"
_KEY = '("timestamp", symbol) WHERE timeframe = \'1d\''
_UNINDEXED = """
SELECT i.inhrelid::regclass::text FROM pg_inherits i
WHERE i.inhparent = 'historical_bars'::regclass
  AND NOT EXISTS (
      SELECT FROM pg_index x JOIN pg_inherits xi ON xi.inhrelid = x.indexrelid
      WHERE x.indrelid = i.inhrelid AND xi.inhparent = %s::regclass
  )
ORDER BY 1
"""


def add(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f'CREATE INDEX IF NOT EXISTS {_INDEX} ON ONLY historical_bars {_KEY}')
        cursor.execute(_UNINDEXED, [_INDEX])
        for (partition,) in cursor.fetchall():
            index = f'{partition}_daily_idx'
            cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {index}')
            cursor.execute(f'CREATE INDEX CONCURRENTLY {index} ON {partition} {_KEY}')
            cursor.execute(f'ALTER INDEX {_INDEX} ATTACH PARTITION {index}')


def remove(apps, schema_editor):
    schema_editor.execute(f'DROP INDEX IF EXISTS {_INDEX}')


class Migration(migrations.Migration):
    atomic = False
    dependencies = [('warehouse', '0017_sweeps_of_past_instants')]
    operations = [migrations.RunPython(add, remove)]
