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
                    name='heartbeat',
                    table_comment='Last heartbeat of each long-running process.',
                ),
                migrations.AlterModelTableComment(
                    name='ingestionrun',
                    table_comment='Runs of all tasks by period, with counts, times and errors.',
                ),
                migrations.AlterModelTableComment(
                    name='ivpercentile',
                    table_comment='At-the-money implied volatility per session with its rank in the past year.',
                ),
                migrations.AlterModelTableComment(
                    name='marketregimeday',
                    table_comment='Market regime of each session with its inputs.',
                ),
                migrations.AlterModelTableComment(
                    name='optionsflow',
                    table_comment='Stored trades with quote and classification; sums exclude is_cancel.',
                ),
                migrations.AlterModelTableComment(
                    name='sessionexception',
                    table_comment='Sessions on which the provider differs from the exchange calendar.',
                ),
                migrations.AlterModelTableComment(
                    name='streamgap',
                    table_comment='Time ranges in which a live feed was not received, and their repair.',
                ),
                migrations.AlterModelTableComment(
                    name='watchlistentry',
                    table_comment='Watched underlyings, and what is ingested for them.',
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
                    model_name='deadletter',
                    name='batch_id',
                    field=models.TextField(db_collation='C', db_comment='id of the batch; no unit', primary_key=True, serialize=False),
                ),
                migrations.AlterField(
                    model_name='deadletter',
                    name='created_at',
                    field=models.BigIntegerField(db_comment='time of the last attempt; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='deadletter',
                    name='payload',
                    field=models.BinaryField(db_comment='the batch as it was in the inbox; bytes'),
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
                    model_name='gammaexposure',
                    name='expected_behavior',
                    field=models.TextField(blank=True, choices=[('PINNING', 'Pinning'), ('TRENDING', 'Trending'), ('VOLATILE', 'Volatile'), ('RANGE_BOUND', 'Range Bound')], db_comment="behavior that dealers' hedging suggests; one of PINNING, TRENDING, VOLATILE, RANGE_BOUND", null=True),
                ),
                migrations.AlterField(
                    model_name='gammaexposure',
                    name='oi_source',
                    field=models.TextField(choices=[('provider', 'Provider'), ('volume_proxy', 'Volume Proxy')], db_comment='source of open interest; one of provider, volume_proxy'),
                ),
                migrations.AlterField(
                    model_name='heartbeat',
                    name='signals_detected',
                    field=models.IntegerField(db_comment='found in the last cycle; signals or rows', default=0),
                ),
                migrations.AlterField(
                    model_name='heartbeat',
                    name='status',
                    field=models.TextField(choices=[('starting', 'Starting'), ('healthy', 'Healthy'), ('idle', 'Idle'), ('degraded', 'Degraded'), ('stopping', 'Stopping')], db_comment='state of the worker; one of starting, healthy, idle, degraded, stopping'),
                ),
                migrations.AlterField(
                    model_name='historicalbar',
                    name='timestamp',
                    field=models.BigIntegerField(db_comment='start of the bar; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='historicalgreeks',
                    name='greeks_source',
                    field=models.TextField(blank=True, choices=[('provider', 'Provider'), ('computed', 'Computed')], db_comment='source of delta and gamma, null when absent; one of provider, computed', null=True),
                ),
                migrations.AlterField(
                    model_name='historicalgreeks',
                    name='iv_status',
                    field=models.TextField(choices=[('ok', 'Ok'), ('below_intrinsic', 'Below Intrinsic'), ('above_maximum', 'Above Maximum'), ('no_quote', 'No Quote'), ('crossed', 'Crossed'), ('wide', 'Wide'), ('expired', 'Expired'), ('no_underlying', 'No Underlying')], db_comment='reason why implied_volatility is present or null; one of ok, below_intrinsic, above_maximum, no_quote, crossed, wide, expired, no_underlying'),
                ),
                migrations.AlterField(
                    model_name='historicalgreeks',
                    name='source',
                    field=models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='origin of the row; one of live, backfill, import'),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='attempts',
                    field=models.IntegerField(db_comment='number of starts; attempts', default=1),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='finished_at',
                    field=models.BigIntegerField(blank=True, db_comment='end of the last attempt; epoch milliseconds UTC', null=True),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='rejected',
                    field=models.JSONField(blank=True, db_comment='rejected records by reason; contracts', null=True),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='result',
                    field=models.JSONField(blank=True, db_comment='summary of the computed values; units as in their table', null=True),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='rows',
                    field=models.IntegerField(blank=True, db_comment='inserted rows; rows', null=True),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='slot',
                    field=models.BigIntegerField(db_comment='period of the run; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='stages',
                    field=models.JSONField(blank=True, db_comment='time by stage; milliseconds', null=True),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='started_at',
                    field=models.BigIntegerField(db_comment='start of the last attempt; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='status',
                    field=models.TextField(choices=[('STARTED', 'Started'), ('DONE', 'Done'), ('FAILED', 'Failed')], db_comment='state; STARTED without its lock is a crash and is repeated; one of STARTED, DONE, FAILED'),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='symbol',
                    field=models.TextField(blank=True, db_collation='C', db_comment='underlying, empty for tasks of all symbols; no unit', default=''),
                ),
                migrations.AlterField(
                    model_name='ingestionrun',
                    name='task',
                    field=models.TextField(db_collation='C', db_comment='name of the task, such as ingest_chain; no unit'),
                ),
                migrations.AlterField(
                    model_name='ivpercentile',
                    name='data_points',
                    field=models.IntegerField(db_comment='past sessions used for the ranks; sessions'),
                ),
                migrations.AlterField(
                    model_name='ivpercentile',
                    name='is_provisional',
                    field=models.BooleanField(db_comment='fewer past sessions than a final percentile needs; true or false', db_default=True, default=True),
                ),
                migrations.AlterField(
                    model_name='ivpercentile',
                    name='recommendation',
                    field=models.TextField(blank=True, choices=[('BUY_PREMIUM', 'Buy Premium'), ('NEUTRAL', 'Neutral'), ('SELL_PREMIUM', 'Sell Premium'), ('WAIT_FOR_IV_DROP', 'Wait For Iv Drop')], db_comment='what the percentile suggests; one of BUY_PREMIUM, NEUTRAL, SELL_PREMIUM, WAIT_FOR_IV_DROP', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='aggressiveness',
                    field=models.TextField(choices=[('PASSIVE', 'Passive'), ('NORMAL', 'Normal'), ('AGGRESSIVE', 'Aggressive')], db_comment='price relative to the quote; one of PASSIVE, NORMAL, AGGRESSIVE'),
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
                    field=models.BigIntegerField(blank=True, db_comment='sequence_number of the cancel of this trade; no unit', null=True),
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
                    field=models.BooleanField(db_comment='the row cancels an earlier trade; true or false', db_default=False, default=False),
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
                    field=models.TextField(choices=[('BULLISH', 'Bullish'), ('BEARISH', 'Bearish'), ('NEUTRAL', 'Neutral')], db_comment='direction of the trade; one of BULLISH, BEARISH, NEUTRAL'),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='sequence_number',
                    field=models.BigIntegerField(db_comment="provider's number of the message, negative ordinal without one; no unit"),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='side',
                    field=models.TextField(blank=True, choices=[('buy', 'Buy'), ('sell', 'Sell')], db_comment='side that took liquidity, null without a fresh quote; one of buy, sell', null=True),
                ),
                migrations.AlterField(
                    model_name='optionsflow',
                    name='source',
                    field=models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='origin of the row; one of live, backfill, import'),
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
                    model_name='sessionexception',
                    name='closes_ms',
                    field=models.BigIntegerField(blank=True, db_comment='close of the session, null without a session; epoch milliseconds UTC', null=True),
                ),
                migrations.AlterField(
                    model_name='sessionexception',
                    name='date',
                    field=models.DateField(db_comment='date of the exception; date, New York', primary_key=True, serialize=False),
                ),
                migrations.AlterField(
                    model_name='sessionexception',
                    name='noted_at',
                    field=models.BigIntegerField(db_comment='when the difference was last seen; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='sessionexception',
                    name='opens_ms',
                    field=models.BigIntegerField(blank=True, db_comment='open of the session, null without a session; epoch milliseconds UTC', null=True),
                ),
                migrations.AlterField(
                    model_name='sessionexception',
                    name='reason',
                    field=models.TextField(db_comment='statements of provider and calendar, one sentence; no unit'),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='reason',
                    field=models.TextField(db_comment='cause of the gap; no unit'),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='repaired',
                    field=models.IntegerField(db_comment='trades the repair stored; trades', default=0),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='to_ms',
                    field=models.BigIntegerField(blank=True, db_comment='first message seen after the gap, null until it ends; epoch milliseconds UTC', null=True),
                ),
                migrations.AlterField(
                    model_name='streamgap',
                    name='unrepairable',
                    field=models.IntegerField(db_comment='contracts whose trades stay unknown; contracts', default=0),
                ),
                migrations.AlterField(
                    model_name='watchlistentry',
                    name='active_since_ms',
                    field=models.BigIntegerField(db_comment='gaps are counted from this time; epoch milliseconds UTC'),
                ),
                migrations.AlterField(
                    model_name='watchlistentry',
                    name='ingest_flow',
                    field=models.BooleanField(db_comment='store the trades; true or false', db_default=True, default=True),
                ),
            ]
        ),
        migrations.RunPython(restate, migrations.RunPython.noop),
    ]
