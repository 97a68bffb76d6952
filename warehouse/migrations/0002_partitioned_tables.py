"""The large tables. Their primary key is the natural key; Django's state knows `id` as the primary key alone.

The admin refuses a composite key, and a partitioned table needs the partition column in every unique key.
"""

import django.contrib.postgres.fields
import warehouse.models.columns
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0001_tables')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[sql.run('historical_bars.sql', reverse='DROP TABLE historical_bars')],
            state_operations=[
                migrations.CreateModel(
                    name='HistoricalBar',
                    fields=[
                        ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                        ('symbol', models.TextField(db_collation='C', db_comment='underlying (SPX) or contract ticker (O:SPXW251219C06475000); no unit')),
                        ('timeframe', models.TextField(choices=[('1m', 'Minute'), ('5m', 'Five Minutes'), ('15m', 'Quarter Hour'), ('1h', 'Hour'), ('4h', 'Four Hours'), ('1d', 'Day'), ('1w', 'Week')], db_comment='length of the bar; one of 1m, 5m, 15m, 1h, 4h, 1d, 1w')),
                        ('timestamp', models.BigIntegerField(db_comment='start of the bar; it is known only at its end; epoch milliseconds UTC')),
                        ('open', warehouse.models.columns.MoneyField(db_comment='first price; dollars or index points')),
                        ('high', warehouse.models.columns.MoneyField(db_comment='highest price; dollars or index points')),
                        ('low', warehouse.models.columns.MoneyField(db_comment='lowest price; dollars or index points')),
                        ('close', warehouse.models.columns.MoneyField(db_comment='last price; dollars or index points')),
                        ('volume', models.FloatField(blank=True, db_comment='volume, null for an index; shares or contracts', null=True)),
                        ('vwap', warehouse.models.columns.MoneyField(blank=True, db_comment='volume-weighted average price; dollars', null=True)),
                        ('transactions', models.IntegerField(blank=True, db_comment='trades in the bar; trades', null=True)),
                    ],
                    options={
                        'verbose_name': 'bar',
                        'verbose_name_plural': 'historical bars',
                        'db_table': 'historical_bars',
                        'db_table_comment': 'Bars of underlyings and option contracts in seven timeframes.',
                        'constraints': [models.UniqueConstraint(fields=('symbol', 'timeframe', 'timestamp'), name='historical_bars_key'), models.CheckConstraint(condition=models.Q(('timeframe__in', ['1m', '5m', '15m', '1h', '4h', '1d', '1w'])), name='historical_bars_timeframe_known')],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[sql.run('historical_greeks.sql', reverse='DROP TABLE historical_greeks')],
            state_operations=[
                migrations.CreateModel(
                    name='HistoricalGreeks',
                    fields=[
                        ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                        ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                        ('timestamp', models.BigIntegerField(db_comment='slot of the snapshot; epoch milliseconds UTC')),
                        ('contract_ticker', models.TextField(db_collation='C', db_comment='contract ticker, O:SPXW251219C06475000; no unit')),
                        ('option_type', models.TextField(choices=[('call', 'Call'), ('put', 'Put')], db_comment='call or put; one of call, put')),
                        ('strike', warehouse.models.columns.MoneyField(db_comment='strike price; dollars, index points for an index')),
                        ('expiration', models.DateField(db_comment='expiration day; date, New York')),
                        ('dte', models.IntegerField(db_comment="calendar days from the slot's New York date to expiration; days")),
                        ('underlying_price', warehouse.models.columns.MoneyField(blank=True, db_comment='spot the row was computed with; dollars or index points', null=True)),
                        ('bid', warehouse.models.columns.MoneyField(blank=True, db_comment='best bid; dollars per share', null=True)),
                        ('ask', warehouse.models.columns.MoneyField(blank=True, db_comment='best offer; dollars per share', null=True)),
                        ('last', warehouse.models.columns.MoneyField(blank=True, db_comment='last trade; dollars per share', null=True)),
                        ('volume', models.IntegerField(blank=True, db_comment='volume of the day so far; contracts', null=True)),
                        ('open_interest', models.IntegerField(blank=True, db_comment='open interest of the previous session; contracts', null=True)),
                        ('delta', models.FloatField(blank=True, db_comment='change of the premium per dollar of spot; dollars per dollar', null=True)),
                        ('gamma', models.FloatField(blank=True, db_comment='change of delta per dollar of spot; per dollar', null=True)),
                        ('theta', models.FloatField(blank=True, db_comment='change of the premium per calendar day (1/365 year); dollars per share and day', null=True)),
                        ('vega', models.FloatField(blank=True, db_comment='change of the premium per point of volatility (0.01); dollars per share', null=True)),
                        ('rho', models.FloatField(blank=True, db_comment='change of the premium per point of the rate (0.01); dollars per share', null=True)),
                        ('implied_volatility', models.FloatField(blank=True, db_comment='implied volatility per year; fraction, 0.18 is 18 percent', null=True)),
                        ('iv_status', models.TextField(choices=[('ok', 'Ok'), ('below_intrinsic', 'Below Intrinsic'), ('above_maximum', 'Above Maximum'), ('no_quote', 'No Quote'), ('crossed', 'Crossed'), ('wide', 'Wide'), ('expired', 'Expired'), ('no_underlying', 'No Underlying')], db_comment='why implied_volatility is there or null; one of ok, below_intrinsic, above_maximum, no_quote, crossed, wide, expired, no_underlying')),
                        ('greeks_source', models.TextField(blank=True, choices=[('provider', 'Provider'), ('computed', 'Computed')], db_comment='who gave delta and gamma; null when nobody could; one of provider, computed', null=True)),
                        ('source', models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='how the row came; one of live, backfill, import')),
                        ('fetched_at', models.BigIntegerField(db_comment='when the snapshot was fetched; epoch milliseconds UTC')),
                        ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                    ],
                    options={
                        'verbose_name': 'historical greeks',
                        'verbose_name_plural': 'historical greeks',
                        'db_table': 'historical_greeks',
                        'db_table_comment': 'Option chains with greeks and implied volatility, one row per contract and slot.',
                        'constraints': [models.UniqueConstraint(fields=('symbol', 'timestamp', 'contract_ticker'), name='historical_greeks_key'), models.CheckConstraint(condition=models.Q(('option_type__in', ['call', 'put'])), name='historical_greeks_option_type_known'), models.CheckConstraint(condition=models.Q(('iv_status__in', ['ok', 'below_intrinsic', 'above_maximum', 'no_quote', 'crossed', 'wide', 'expired', 'no_underlying'])), name='historical_greeks_iv_status_known'), models.CheckConstraint(condition=models.Q(('greeks_source__in', ['provider', 'computed'])), name='historical_greeks_greeks_source_known'), models.CheckConstraint(condition=models.Q(('source__in', ['live', 'backfill', 'import'])), name='historical_greeks_source_known')],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[sql.run('options_flow_history.sql', reverse='DROP TABLE options_flow_history')],
            state_operations=[
                migrations.CreateModel(
                    name='OptionsFlow',
                    fields=[
                        ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                        ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                        ('timestamp', models.BigIntegerField(db_comment='exchange time of the print; epoch milliseconds UTC')),
                        ('contract_ticker', models.TextField(db_collation='C', db_comment='contract ticker, O:SPXW251219C06475000; no unit')),
                        ('sequence_number', models.BigIntegerField(db_comment="provider's number of the message; negative ordinal where it sent none; no unit")),
                        ('price', warehouse.models.columns.MoneyField(db_comment='price; dollars per share')),
                        ('size', models.IntegerField(db_comment='size; contracts')),
                        ('premium', warehouse.models.columns.MoneyField(db_comment='price x size x 100; dollars')),
                        ('trade_type', models.TextField(choices=[('SWEEP', 'Sweep'), ('BLOCK', 'Block'), ('SPLIT', 'Split'), ('LARGE', 'Large'), ('REGULAR', 'Regular')], db_comment='class of the print; one of SWEEP, BLOCK, SPLIT, LARGE, REGULAR')),
                        ('sentiment', models.TextField(choices=[('BULLISH', 'Bullish'), ('BEARISH', 'Bearish'), ('NEUTRAL', 'Neutral')], db_comment='direction the print bets on; one of BULLISH, BEARISH, NEUTRAL')),
                        ('aggressiveness', models.TextField(choices=[('PASSIVE', 'Passive'), ('NORMAL', 'Normal'), ('AGGRESSIVE', 'Aggressive')], db_comment='place of the price against the quote; one of PASSIVE, NORMAL, AGGRESSIVE')),
                        ('is_sweep', models.BooleanField(db_comment='intermarket sweep, by condition or by pattern; true or false', db_default=False, default=False)),
                        ('is_block', models.BooleanField(db_comment='block by size; true or false', db_default=False, default=False)),
                        ('is_above_ask', models.BooleanField(db_comment='price above the best offer; true or false', db_default=False, default=False)),
                        ('is_below_bid', models.BooleanField(db_comment='price below the best bid; true or false', db_default=False, default=False)),
                        ('is_unusual_volume', models.BooleanField(db_comment='unusual activity; true or false', db_default=False, default=False)),
                        ('strike', warehouse.models.columns.MoneyField(db_comment='strike price; dollars, index points for an index')),
                        ('expiration', models.DateField(db_comment='expiration day; date, New York')),
                        ('option_type', models.TextField(choices=[('call', 'Call'), ('put', 'Put')], db_comment='call or put; one of call, put')),
                        ('dte', models.IntegerField(db_comment="calendar days from the print's New York date to expiration; days")),
                        ('underlying_price', warehouse.models.columns.MoneyField(blank=True, db_comment='underlying at the print; dollars or index points', null=True)),
                        ('underlying_age_ms', models.IntegerField(blank=True, db_comment='age of underlying_price at the print; milliseconds', null=True)),
                        ('bid', warehouse.models.columns.MoneyField(blank=True, db_comment='best bid before the print; dollars per share', null=True)),
                        ('ask', warehouse.models.columns.MoneyField(blank=True, db_comment='best offer before the print; dollars per share', null=True)),
                        ('quote_age_ms', models.IntegerField(blank=True, db_comment='age of bid and ask at the print, null without a quote; milliseconds', null=True)),
                        ('average_size', models.FloatField(blank=True, db_comment="mean size of the underlying's prints over 20 sessions; contracts", null=True)),
                        ('side', models.TextField(blank=True, choices=[('buy', 'Buy'), ('sell', 'Sell')], db_comment='who took liquidity, null where no fresh quote decides; one of buy, sell', null=True)),
                        ('sweep_id', models.BigIntegerField(blank=True, db_comment="sequence_number of the sweep's first print; no unit", null=True)),
                        ('exchange', models.TextField(blank=True, db_comment='exchange of the print; no unit', null=True)),
                        ('conditions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, db_comment='trade conditions, OPRA mnemonics or provider ids; no unit', null=True, size=None)),
                        ('is_cancel', models.BooleanField(db_comment='the row takes back an earlier print; true or false', db_default=False, default=False)),
                        ('canceled_by', models.BigIntegerField(blank=True, db_comment='sequence_number of the cancel that takes the print back; no unit', null=True)),
                        ('source', models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='how the row came; one of live, backfill, import')),
                        ('received_at', models.BigIntegerField(db_comment='when the print reached the consumer; epoch milliseconds UTC')),
                        ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                    ],
                    options={
                        'verbose_name': 'print',
                        'verbose_name_plural': 'options flow history',
                        'db_table': 'options_flow_history',
                        'db_table_comment': 'Every stored print with its quote and classification; sums leave out is_cancel.',
                        'constraints': [models.UniqueConstraint(fields=('symbol', 'timestamp', 'contract_ticker', 'sequence_number'), name='options_flow_history_key'), models.CheckConstraint(condition=models.Q(('trade_type__in', ['SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR'])), name='options_flow_history_trade_type_known'), models.CheckConstraint(condition=models.Q(('sentiment__in', ['BULLISH', 'BEARISH', 'NEUTRAL'])), name='options_flow_history_sentiment_known'), models.CheckConstraint(condition=models.Q(('aggressiveness__in', ['PASSIVE', 'NORMAL', 'AGGRESSIVE'])), name='options_flow_history_aggressiveness_known'), models.CheckConstraint(condition=models.Q(('option_type__in', ['call', 'put'])), name='options_flow_history_option_type_known'), models.CheckConstraint(condition=models.Q(('side__in', ['buy', 'sell'])), name='options_flow_history_side_known'), models.CheckConstraint(condition=models.Q(('source__in', ['live', 'backfill', 'import'])), name='options_flow_history_source_known')],
                    },
                ),
            ],
        ),
    ]
