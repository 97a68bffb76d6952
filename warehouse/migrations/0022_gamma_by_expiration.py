"""Gamma by expiration, the reason of an absent flip, and the VIX that a gamma snapshot used."""

import warehouse.models.columns
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0021_expiration_curve'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpirationGamma',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('timestamp', models.BigIntegerField(db_comment='slot of the snapshot; epoch milliseconds UTC')),
                ('root', models.TextField(db_collation='C', db_comment='root of the contracts: SPX, SPXW; no unit')),
                ('expiration', models.DateField(db_comment='expiration of the contracts; date, New York')),
                ('dte', models.IntegerField(db_comment='days to expiration; calendar days')),
                ('bucket', models.TextField(choices=[('ZERO_DTE', 'Zero Dte'), ('WEEK', 'Week'), ('MONTH', 'Month'), ('REST', 'Rest')], db_comment='class of dte; one of ZERO_DTE, WEEK, MONTH, REST')),
                ('contracts', models.IntegerField(db_comment='contracts that are not settled; contracts')),
                ('net_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='net dealer gamma, calls plus, puts minus; dollars per 1 percent move of spot', null=True)),
                ('call_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='gamma of calls, positive; dollars per 1 percent move of spot', null=True)),
                ('put_gamma', warehouse.models.columns.MoneyField(blank=True, db_comment='gamma of puts, negative; dollars per 1 percent move of spot', null=True)),
                ('delta_exposure', warehouse.models.columns.MoneyField(blank=True, db_comment='delta of dealers in dollars of the underlying; dollars', null=True)),
                ('vanna_exposure', warehouse.models.columns.MoneyField(blank=True, db_comment='change of delta_exposure; dollars per percentage point of volatility', null=True)),
                ('charm_exposure', warehouse.models.columns.MoneyField(blank=True, db_comment='change of delta_exposure; dollars per calendar day', null=True)),
                ('call_open_interest', models.BigIntegerField(blank=True, db_comment='open interest of calls; contracts', null=True)),
                ('put_open_interest', models.BigIntegerField(blank=True, db_comment='open interest of puts; contracts', null=True)),
                ('call_volume', models.BigIntegerField(blank=True, db_comment='volume of the day of calls; contracts', null=True)),
                ('put_volume', models.BigIntegerField(blank=True, db_comment='volume of the day of puts; contracts', null=True)),
                ('max_pain', warehouse.models.columns.MoneyField(blank=True, db_comment='strike with the smallest payout to holders; dollars or index points', null=True)),
                ('oi_source', models.TextField(choices=[('provider', 'Provider'), ('volume_proxy', 'Volume Proxy')], db_comment='source of the weights; one of provider, volume_proxy')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'gamma of an expiration',
                'verbose_name_plural': 'gamma by expiration',
                'db_table': 'gamma_by_expiration',
                'db_table_comment': 'Dealer exposure, open interest and volume of one settlement of a chain per slot.',
            },
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='flip_status',
            field=models.TextField(blank=True, choices=[('found', 'Found'), ('no_root', 'No Root'), ('disagrees', 'Disagrees'), ('no_profile', 'No Profile')], db_comment='why gamma_flip is present or null, null in rows of method gamma-1; one of found, no_root, disagrees, no_profile', null=True),
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='vix_level',
            field=models.FloatField(blank=True, db_comment='newest VIX known at the slot, null if unknown; index points', null=True),
        ),
        migrations.AddField(
            model_name='gammaslot',
            name='flip_status',
            field=models.TextField(blank=True, choices=[('found', 'Found'), ('no_root', 'No Root'), ('disagrees', 'Disagrees'), ('no_profile', 'No Profile')], db_comment='why gamma_flip is present or null, null in rows of method gamma-1; one of found, no_root, disagrees, no_profile', null=True),
        ),
        migrations.AddConstraint(
            model_name='gammaexposure',
            constraint=models.CheckConstraint(condition=models.Q(('flip_status__in', ['found', 'no_root', 'disagrees', 'no_profile'])), name='gamma_exposure_snapshots_flip_status_known'),
        ),
        migrations.AddConstraint(
            model_name='gammaslot',
            constraint=models.CheckConstraint(condition=models.Q(('flip_status__in', ['found', 'no_root', 'disagrees', 'no_profile'])), name='gamma_slots_flip_status_known'),
        ),
        migrations.AddConstraint(
            model_name='expirationgamma',
            constraint=models.UniqueConstraint(fields=('symbol', 'timestamp', 'root', 'expiration'), name='gamma_by_expiration_key'),
        ),
        migrations.AddConstraint(
            model_name='expirationgamma',
            constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='gamma_by_expiration_known_at_later'),
        ),
        migrations.AddConstraint(
            model_name='expirationgamma',
            constraint=models.CheckConstraint(condition=models.Q(('bucket__in', ['ZERO_DTE', 'WEEK', 'MONTH', 'REST'])), name='gamma_by_expiration_bucket_known'),
        ),
        migrations.AddConstraint(
            model_name='expirationgamma',
            constraint=models.CheckConstraint(condition=models.Q(('oi_source__in', ['provider', 'volume_proxy'])), name='gamma_by_expiration_oi_source_known'),
        ),
        sql.rights('gamma_by_expiration'),
        sql.run('gamma_by_expiration.sql'),
    ]
