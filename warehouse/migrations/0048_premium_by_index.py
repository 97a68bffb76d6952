"""Order and filter the list of trades by premium with an index.

Behind row-level security a comparison of NUMERIC is no index condition, because it is not leakproof, but one of double
precision is. Fewer indexes of each day: documented queries are planned over all retained days and open each index.

The new column rewrites all trades and their indexes while nobody can read or write them: 6 to 18 seconds a million rows,
and as much free disk as the table has. Stop the workers first; live trades wait in the inbox.
"""

from django.db import migrations, models
from django.db.models.functions import Cast

_TABLE = 'options_flow_history'
_BY_SYMBOL = '(symbol, "timestamp")'


def _drop(name, key):
    return migrations.RunSQL(f'DROP INDEX {_TABLE}_{name}', f'CREATE INDEX {_TABLE}_{name} ON {_TABLE} {key}')


def _create(name, key):
    return migrations.RunSQL(f'CREATE INDEX {_TABLE}_{name} ON {_TABLE} {key}', f'DROP INDEX {_TABLE}_{name}')


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0047_fewer_trade_indexes')]

    operations = [
        # Dropped before the rewrite, which builds every index anew.
        _drop('million_idx', '("timestamp", id) WHERE premium >= 1000000'),
        _drop('cancels_idx', f'{_BY_SYMBOL} WHERE is_cancel'),
        _drop('wanted_idx', f"{_BY_SYMBOL} WHERE quote_source = 'wanted'"),
        migrations.AddField(
            model_name='optionsflow',
            name='premium_float',
            field=models.GeneratedField(
                db_comment='premium, for the order and the filter of lists, null where it is unknown; dollars',
                db_persist=True,
                expression=Cast('premium', models.FloatField()),
                null=True,
                output_field=models.FloatField(),
            ),
        ),
        _create('premium_order_idx', '(premium_float, id)'),
        # One index of the few rows that wait for their trade or their quote; a cancel never wants a quote.
        _create('waiting_idx', '(is_cancel, symbol, "timestamp") WHERE is_cancel OR quote_source = \'wanted\''),
    ]
