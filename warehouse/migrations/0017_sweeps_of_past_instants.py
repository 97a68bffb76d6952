"""Sweeps as of an instant are counted from the index alone, so it holds the columns that the policy compares.

A migration of its own, because the table can be read while the index is built, but not while its columns change.
"""

from django.db import migrations

BEFORE = (
    'CREATE INDEX options_flow_history_sweeps_idx ON options_flow_history (symbol, "timestamp") WHERE is_sweep'
)


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0016_as_of')]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_sweeps_known_idx ON options_flow_history (symbol, "timestamp")'
            ' INCLUDE (known_at, received_at) WHERE is_sweep',
            'DROP INDEX options_flow_history_sweeps_known_idx',
        ),
        migrations.RunSQL('DROP INDEX options_flow_history_sweeps_idx', BEFORE),
    ]
