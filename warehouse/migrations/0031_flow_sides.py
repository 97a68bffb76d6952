"""Sizes and rates by which trades are classified, the origin of their quotes, and for how much of the flow a side is known.

Sweeps are counted once, however many trades they have. Sums stored before count the trades of sweeps; their
`method_version` tells.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

import warehouse.models.columns
from warehouse import sql

COVERAGE = {
    'stream_sided_trades': 'trades with a side by a quote of the stream; trades',
    'rest_sided_trades': 'trades with a side by a requested quote; trades',
    'stream_sided_premium': 'premium of trades with a side by a quote of the stream; dollars',
    'rest_sided_premium': 'premium of trades with a side by a requested quote; dollars',
    'candidates': 'trades of sweeps and of large premium that can have a side; trades',
    'stream_sided_candidates': 'candidates with a side by a quote of the stream; trades',
    'rest_sided_candidates': 'candidates with a side by a requested quote; trades',
    'waiting_candidates': 'candidates whose quote is still to be requested; trades',
}
SWEEPS = {
    'sweeps': 'sweeps, each counted once; sweeps',
    'bullish_sweeps': 'sweeps of which more premium is BULLISH; sweeps',
    'bearish_sweeps': 'sweeps of which more premium is BEARISH; sweeps',
}
LARGE_SIZE = (
    "95th percentile of the underlying's trade sizes over 20 sessions, null like average_size before 200; contracts"
)
TRADE_RATE = "rate of the contract's trades over the minute before; trades per millisecond"
QUOTE_SOURCE = (
    'origin of bid and ask, wanted before they are fetched, null if they are not; one of stream, rest, wanted, absent'
)
SOURCES = [('stream', 'Stream'), ('rest', 'Rest'), ('wanted', 'Wanted'), ('absent', 'Absent')]


def coverage(model, name):
    kind = warehouse.models.columns.MoneyField if name.endswith('premium') else models.BigIntegerField
    return migrations.AddField(model, name, kind(db_comment=COVERAGE[name], db_default=0))


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0030_cancels_and_opening_flow'),
    ]

    operations = [
        migrations.AddField('contractsizeday', 'size_counts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, db_comment='trades seen by size, one number per bin of quant.trades.sizes; trades', null=True, size=None)),
        *(coverage(model, name) for model in ('flowday', 'flowslot') for name in COVERAGE),
        *(
            migrations.AlterField(model, name, models.BigIntegerField(db_comment=comment))
            for model in ('flowday', 'flowslot') for name, comment in SWEEPS.items()
        ),
        migrations.AddField('optionsflow', 'large_size', models.FloatField(blank=True, db_comment=LARGE_SIZE, null=True)),
        migrations.AddField('optionsflow', 'trade_rate', models.FloatField(blank=True, db_comment=TRADE_RATE, null=True)),
        migrations.AddField('optionsflow', 'quote_source', models.TextField(blank=True, choices=SOURCES, db_comment=QUOTE_SOURCE, null=True)),
        migrations.AddConstraint(
            model_name='optionsflow',
            constraint=models.CheckConstraint(condition=models.Q(('quote_source__in', ['stream', 'rest', 'wanted', 'absent'])), name='options_flow_history_quote_source_known'),
        ),
        # The trades whose quote is still to be fetched, which are few.
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_wanted_idx ON options_flow_history (symbol, "timestamp")'
            " WHERE quote_source = 'wanted'",
            'DROP INDEX options_flow_history_wanted_idx',
        ),
        # The earlier versions of trades by symbol and time: requested quotes amend many trades.
        migrations.RunSQL(
            'CREATE INDEX superseded_rows_trades_idx ON superseded_rows'
            " (((key ->> 'symbol') COLLATE \"C\"), ((key ->> 'timestamp')::bigint))"
            " WHERE table_name = 'options_flow_history'",
            'DROP INDEX superseded_rows_trades_idx',
        ),
        migrations.RunSQL('DROP VIEW trades_as_of', sql.trades_as_of(30)),
        migrations.RunSQL(sql.trades_as_of(31), 'DROP VIEW trades_as_of'),
        migrations.RunSQL('DROP FUNCTION get_flow_summary(text, integer)', migrations.RunSQL.noop),
        sql.run('reads.sql'),
        migrations.RunSQL(
            'GRANT EXECUTE ON FUNCTION get_flow_summary(text, integer)'
            ' TO warehouse_reader, warehouse_web, warehouse_writer',
            migrations.RunSQL.noop,
        ),
    ]
