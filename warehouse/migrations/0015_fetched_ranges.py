"""Tables of what was fetched, filled from the ledger, and the inputs of gamma snapshots on their rows.

The ledger is copied first, so that the lock on gamma_exposure_snapshots is held for its own statements only. Its new
columns are null in old rows, which rewrites nothing; `manage.py audit` reads the inputs of those from the ledger.
"""

from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0014_slots'),
    ]

    operations = [
        migrations.CreateModel(
            name='FetchedRange',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(blank=True, db_collation='C', db_comment='symbol or contract ticker, empty for all stocks; no unit', default='')),
                ('kind', models.TextField(db_collation='C', db_comment='what was fetched, such as bars_5m or grouped_daily; no unit')),
                ('after_ms', models.BigIntegerField(db_comment='start of the range, itself not fetched; epoch milliseconds UTC')),
                ('until_ms', models.BigIntegerField(db_comment='end of the range, included; epoch milliseconds UTC')),
            ],
            options={
                'verbose_name': 'fetched range',
                'db_table': 'fetched_range',
                'db_table_comment': 'Time ranges that were fetched completely from the provider.',
                'constraints': [
                    models.UniqueConstraint(fields=('symbol', 'kind', 'until_ms'), name='fetched_range_key'),
                    models.CheckConstraint(condition=models.Q(('after_ms__lt', models.F('until_ms'))), name='fetched_range_order'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ContractListing',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('week', models.DateField(db_comment='Monday of the week in which the contracts expire; date, New York')),
                ('known_as_of', models.BigIntegerField(db_comment='close of the last session for which the list is complete; epoch milliseconds UTC')),
                ('series', models.JSONField(blank=True, db_comment='strikes by root, expiration and side; dollars or index points')),
                ('rejected', models.JSONField(blank=True, db_comment='contracts left out, by reason; contracts')),
            ],
            options={
                'verbose_name': 'contract listing',
                'db_table': 'contract_listing',
                'db_table_comment': 'Contracts that were listed, by underlying and week of expirations.',
                'constraints': [
                    models.UniqueConstraint(fields=('symbol', 'week'), name='contract_listing_key'),
                ],
            },
        ),
        sql.rights('fetched_range', 'contract_listing'),
        sql.run('fetched_ranges_from_runs.sql'),
        migrations.AddField(
            model_name='gammaexposure',
            name='measured_contracts',
            field=models.IntegerField(blank=True, db_comment='contracts it was computed from; contracts', null=True),
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='spot_source',
            field=models.TextField(blank=True, choices=[('chain', 'Chain'), ('snapshot', 'Snapshot'), ('parity', 'Parity'), ('bars', 'Bars'), ('file', 'File'), ('none', 'None')], db_comment='source of underlying_price; one of chain, snapshot, parity, bars, file, none', null=True),
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='median_gross_gamma',
            field=models.FloatField(blank=True, db_comment='median gross gamma of 20 sessions it was compared with, null without one; dollars per 1 percent move of spot', null=True),
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='data_delay_ms',
            field=models.BigIntegerField(blank=True, db_comment="delay of the provider's data; milliseconds", null=True),
        ),
        migrations.AddField(
            model_name='gammaexposure',
            name='multipliers',
            field=models.JSONField(blank=True, db_comment='multipliers other than 100, by contract ticker; shares per contract', null=True),
        ),
        migrations.AddConstraint(
            model_name='gammaexposure',
            constraint=models.CheckConstraint(condition=models.Q(('spot_source__in', ['chain', 'snapshot', 'parity', 'bars', 'file', 'none'])), name='gamma_exposure_snapshots_spot_source_known'),
        ),
    ]
