"""Tables of 15 minutes, and retention that lets raw rows go only after these are complete."""

import warehouse.models.columns
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0013_database_clock'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlowSlot',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('timestamp', models.BigIntegerField(db_comment='end of the 15 minutes, exclusive; epoch milliseconds UTC')),
                ('trades', models.BigIntegerField(db_comment='trades; trades')),
                ('contracts', models.BigIntegerField(db_comment='size of all trades; contracts')),
                ('call_contracts', models.BigIntegerField(db_comment='size of call trades; contracts')),
                ('put_contracts', models.BigIntegerField(db_comment='size of put trades; contracts')),
                ('premium', warehouse.models.columns.MoneyField(db_comment='premium of all trades; dollars')),
                ('call_premium', warehouse.models.columns.MoneyField(db_comment='premium of call trades; dollars')),
                ('put_premium', warehouse.models.columns.MoneyField(db_comment='premium of put trades; dollars')),
                ('bullish_premium', warehouse.models.columns.MoneyField(db_comment='premium of BULLISH trades; dollars')),
                ('bearish_premium', warehouse.models.columns.MoneyField(db_comment='premium of BEARISH trades; dollars')),
                ('sweeps', models.BigIntegerField(db_comment='sweeps; trades')),
                ('bullish_sweeps', models.BigIntegerField(db_comment='BULLISH sweeps; trades')),
                ('bearish_sweeps', models.BigIntegerField(db_comment='BEARISH sweeps; trades')),
                ('blocks', models.BigIntegerField(db_comment='blocks; trades')),
                ('unusual', models.BigIntegerField(db_comment='trades flagged as unusual; trades')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
            ],
            options={
                'verbose_name': 'flow of a slot',
                'verbose_name_plural': 'flow by slot',
                'db_table': 'flow_slots',
                'db_table_comment': 'Sums of the trades of 15 minutes per underlying, cancels left out.',
                'constraints': [models.UniqueConstraint(fields=('symbol', 'timestamp'), name='flow_slots_key')],
            },
        ),
        migrations.CreateModel(
            name='GammaSlot',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('timestamp', models.BigIntegerField(db_comment='slot of the snapshot; epoch milliseconds UTC')),
                ('underlying_price', warehouse.models.columns.MoneyField(blank=True, db_comment='spot; dollars or index points', null=True)),
                ('total_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='net dealer gamma, calls plus, puts minus; dollars per 1 percent move of spot', null=True)),
                ('call_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='gamma of calls, positive; dollars per 1 percent move of spot', null=True)),
                ('put_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='gamma of puts, negative; dollars per 1 percent move of spot', null=True)),
                ('gross_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='sum of the absolute gamma of contracts; dollars per 1 percent move of spot', null=True)),
                ('dealer_positioning', models.TextField(blank=True, choices=[('LONG_GAMMA', 'Long Gamma'), ('SHORT_GAMMA', 'Short Gamma'), ('NEUTRAL', 'Neutral')], db_comment='sign of net over gross gamma; one of LONG_GAMMA, SHORT_GAMMA, NEUTRAL', null=True)),
                ('expected_behavior', models.TextField(blank=True, choices=[('PINNING', 'Pinning'), ('TRENDING', 'Trending'), ('VOLATILE', 'Volatile'), ('RANGE_BOUND', 'Range Bound')], db_comment="behavior that dealers' hedging suggests; one of PINNING, TRENDING, VOLATILE, RANGE_BOUND", null=True)),
                ('gamma_wall_resistance', warehouse.models.columns.MoneyField(blank=True, db_comment='strike above spot with the largest net gamma; dollars or index points', null=True)),
                ('gamma_wall_support', warehouse.models.columns.MoneyField(blank=True, db_comment='strike below spot with the largest net gamma; dollars or index points', null=True)),
                ('call_wall', warehouse.models.columns.MoneyField(blank=True, db_comment='strike with the largest call gamma; dollars or index points', null=True)),
                ('put_wall', warehouse.models.columns.MoneyField(blank=True, db_comment='strike with the largest put gamma; dollars or index points', null=True)),
                ('gamma_flip', warehouse.models.columns.MoneyField(blank=True, db_comment='zero of the repriced profile nearest to spot; dollars or index points', null=True)),
                ('distance_to_resistance_pct', models.FloatField(blank=True, db_comment='distance from spot to resistance; percent of spot', null=True)),
                ('distance_to_support_pct', models.FloatField(blank=True, db_comment='distance from spot to support; percent of spot', null=True)),
                ('put_call_oi_ratio', models.FloatField(blank=True, db_comment='open interest of puts over calls; ratio', null=True)),
                ('put_call_volume_ratio', models.FloatField(blank=True, db_comment='volume of the day of puts over calls; ratio', null=True)),
                ('oi_source', models.TextField(choices=[('provider', 'Provider'), ('volume_proxy', 'Volume Proxy')], db_comment='source of open interest; one of provider, volume_proxy')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
            ],
            options={
                'verbose_name': 'gamma of a slot',
                'verbose_name_plural': 'gamma by slot',
                'db_table': 'gamma_slots',
                'db_table_comment': "Dealer gamma exposure of one underlying's chain per slot, without the values by strike.",
                'constraints': [models.UniqueConstraint(fields=('symbol', 'timestamp'), name='gamma_slots_key'), models.CheckConstraint(condition=models.Q(('dealer_positioning__in', ['LONG_GAMMA', 'SHORT_GAMMA', 'NEUTRAL'])), name='gamma_slots_dealer_positioning_known'), models.CheckConstraint(condition=models.Q(('expected_behavior__in', ['PINNING', 'TRENDING', 'VOLATILE', 'RANGE_BOUND'])), name='gamma_slots_expected_behavior_known'), models.CheckConstraint(condition=models.Q(('oi_source__in', ['provider', 'volume_proxy'])), name='gamma_slots_oi_source_known')],
            },
        ),
        sql.rights('gamma_slots', 'flow_slots'),
        sql.run('partitions.sql'),
        sql.run('cleanup.sql'),
    ]
