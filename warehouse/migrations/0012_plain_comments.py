"""Comments of tables and columns in plain English. No column changes."""

import warehouse.models.columns
from django.db import migrations, models

from warehouse.sql.comments import restate


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0011_rename_scheduled_tasks'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name='optionsflow',
                    options={'verbose_name': 'trade', 'verbose_name_plural': 'options flow history'},
                ),
                migrations.AlterModelTableComment(
                    name='contractsizeday',
                    table_comment='Trades and contracts seen per underlying and session.',
                ),
                migrations.AlterModelTableComment(
                    name='deadletter',
                    table_comment='Batches of trades whose payload could not be stored.',
                ),
                migrations.AlterModelTableComment(
                    name='flowday',
                    table_comment="Sums of a session's trades per underlying, cancels left out.",
                ),
                migrations.AlterModelTableComment(
                    name='optionsflow',
                    table_comment='Every stored trade with its quote and classification; sums leave out is_cancel.',
                ),
                migrations.AlterField(
                    model_name='contractsizeday',
                    name='contracts',
                    field=models.BigIntegerField(db_comment='size of the trades seen; contracts'),
                ),
                migrations.AlterField(
                    model_name='contractsizeday',
                    name='trades',
                    field=models.BigIntegerField(db_comment='trades seen; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='bearish_premium',
                    field=warehouse.models.columns.MoneyField(db_comment='premium of BEARISH trades; dollars'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='bearish_sweeps',
                    field=models.BigIntegerField(db_comment='BEARISH sweeps; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='blocks',
                    field=models.BigIntegerField(db_comment='blocks; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='bullish_premium',
                    field=warehouse.models.columns.MoneyField(db_comment='premium of BULLISH trades; dollars'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='bullish_sweeps',
                    field=models.BigIntegerField(db_comment='BULLISH sweeps; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='call_contracts',
                    field=models.BigIntegerField(db_comment='size of call trades; contracts'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='contracts',
                    field=models.BigIntegerField(db_comment='size of all trades; contracts'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='premium',
                    field=warehouse.models.columns.MoneyField(db_comment='premium of all trades; dollars'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='put_contracts',
                    field=models.BigIntegerField(db_comment='size of put trades; contracts'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='sweeps',
                    field=models.BigIntegerField(db_comment='sweeps; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='trades',
                    field=models.BigIntegerField(db_comment='trades; trades'),
                ),
                migrations.AlterField(
                    model_name='flowday',
                    name='unusual',
                    field=models.BigIntegerField(db_comment='trades flagged as unusual; trades'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='ask',
                    field=warehouse.models.columns.MoneyField(blank=True, db_comment='best offer before the trade; dollars per share', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='average_size',
                    field=models.FloatField(blank=True, db_comment="mean size of the underlying's trades over 20 sessions; contracts", null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='bid',
                    field=warehouse.models.columns.MoneyField(blank=True, db_comment='best bid before the trade; dollars per share', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='canceled_by',
                    field=models.BigIntegerField(blank=True, db_comment='sequence_number of the cancel that takes the trade back; no unit', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='dte',
                    field=models.IntegerField(db_comment="calendar days from the trade's New York date to expiration; days"),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='exchange',
                    field=models.TextField(blank=True, db_comment='exchange of the trade; no unit', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='is_cancel',
                    field=models.BooleanField(db_comment='the row takes back an earlier trade; true or false', db_default=False, default=False),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='quote_age_ms',
                    field=models.IntegerField(blank=True, db_comment='age of bid and ask at the trade, null without a quote; milliseconds', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='received_at',
                    field=models.BigIntegerField(db_comment='when the trade reached the consumer; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='sentiment',
                    field=models.TextField(choices=[('BULLISH', 'Bullish'), ('BEARISH', 'Bearish'), ('NEUTRAL', 'Neutral')], db_comment='direction the trade bets on; one of BULLISH, BEARISH, NEUTRAL'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='sweep_id',
                    field=models.BigIntegerField(blank=True, db_comment="sequence_number of the sweep's first trade; no unit", null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='timestamp',
                    field=models.BigIntegerField(db_comment='exchange time of the trade; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='trade_type',
                    field=models.TextField(choices=[('SWEEP', 'Sweep'), ('BLOCK', 'Block'), ('SPLIT', 'Split'), ('LARGE', 'Large'), ('REGULAR', 'Regular')], db_comment='class of the trade; one of SWEEP, BLOCK, SPLIT, LARGE, REGULAR'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='underlying_age_ms',
                    field=models.IntegerField(blank=True, db_comment='age of underlying_price at the trade; milliseconds', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='underlying_price',
                    field=warehouse.models.columns.MoneyField(blank=True, db_comment='underlying at the trade; dollars or index points', null=True),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='repaired',
                    field=models.IntegerField(db_comment='trades the repair stored; trades', default=0),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='unrepairable',
                    field=models.IntegerField(db_comment='contracts whose trades stay unknown; contracts', default=0),
                ),
            ]
        ),
        migrations.RunPython(restate, migrations.RunPython.noop),
    ]
