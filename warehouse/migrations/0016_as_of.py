"""Each row has the time from which it was available, and sessions can read as of a past instant.

Rows of small tables that are stored already get the time that a live row has. Those of large tables keep NULL, which
the policies read as the time of their arrival, so that no large table is rewritten. The large tables come last, because
their locks are held until the end of the migration.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from warehouse import sql

# A live snapshot is stored within a minute of its slot, a daily row within six minutes of the close.
FILL = """
UPDATE gamma_exposure_snapshots SET known_at = "timestamp" + 60000;
UPDATE gamma_slots SET known_at = "timestamp" + 60000;
UPDATE flow_slots SET known_at = "timestamp" + 60000;
UPDATE iv_percentile_cache SET known_at = extract(epoch FROM (date + time '16:06') AT TIME ZONE 'America/New_York') * 1000;
UPDATE flow_daily SET known_at = extract(epoch FROM (date + time '16:06') AT TIME ZONE 'America/New_York') * 1000;
UPDATE gamma_daily SET known_at = extract(epoch FROM (date + time '16:06') AT TIME ZONE 'America/New_York') * 1000;
UPDATE market_regime_history SET known_at = extract(epoch FROM (date + time '16:06') AT TIME ZONE 'America/New_York') * 1000;
"""

DROP = """
DROP FUNCTION warehouse_as_of_ms();
DROP FUNCTION warehouse_known_ms();
DROP FUNCTION warehouse_stored_bar_known_ms(bigint, text, bigint);
DROP FUNCTION warehouse_bar_known_ms(bigint, text);
DROP FUNCTION warehouse_keep_versions();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0015_fetched_ranges'),
    ]

    operations = [
        sql.run('roles.sql'),
        sql.run('as_of.sql', reverse=DROP),
        migrations.CreateModel(
            name='SupersededRow',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('table_name', models.TextField(db_collation='C', db_comment='table of the row; no unit')),
                ('key', models.JSONField(blank=True, db_comment='key of the row, by column; no unit')),
                ('row', models.JSONField(blank=True, db_comment='all columns of the version, without id; units of the columns')),
                ('known_at', models.BigIntegerField(db_comment='from when on the version was available; epoch milliseconds UTC')),
                ('superseded_at', models.BigIntegerField(db_comment='from when on a later version was available; epoch milliseconds UTC')),
            ],
            options={
                'verbose_name': 'superseded row',
                'verbose_name_plural': 'superseded rows',
                'db_table': 'superseded_rows',
                'db_table_comment': 'Earlier versions of rows that were computed again.',
            },
        ),
        migrations.AddIndex(model_name='supersededrow', index=models.Index(fields=['table_name', 'superseded_at'], name='superseded_rows_time_idx')),
        sql.rights('superseded_rows'),
        migrations.AddField(model_name='flowday', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='flowday', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='flowslot', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='flowslot', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='gammaday', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='gammaday', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='gammaexposure', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='gammaexposure', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='gammaslot', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='gammaslot', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='ivpercentile', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='ivpercentile', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.AddField(model_name='marketregimeday', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='marketregimeday', name='known_at', field=models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(model_name='flowslot', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='flow_slots_known_at_later')),
        migrations.AddConstraint(model_name='gammaexposure', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='gamma_exposure_snapshots_known_at_later')),
        migrations.AddConstraint(model_name='gammaslot', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='gamma_slots_known_at_later')),
        migrations.AddField(model_name='historicalbar', name='computed_at', field=models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
        migrations.AddField(model_name='historicalbar', name='known_at', field=models.BigIntegerField(blank=True, db_comment='from when on the row was available; epoch milliseconds UTC', null=True)),
        migrations.AddField(model_name='historicalgreeks', name='known_at', field=models.BigIntegerField(blank=True, db_comment='from when on the row was available; epoch milliseconds UTC', null=True)),
        migrations.AddField(model_name='optionsflow', name='amended_at', field=models.BigIntegerField(blank=True, db_comment='from when on the amended class and quote were known; epoch milliseconds UTC', null=True)),
        migrations.AddField(model_name='optionsflow', name='canceled_at', field=models.BigIntegerField(blank=True, db_comment='from when on canceled_by was known; epoch milliseconds UTC', null=True)),
        migrations.AddField(model_name='optionsflow', name='known_at', field=models.BigIntegerField(blank=True, db_comment='from when on the row was available; epoch milliseconds UTC', null=True)),
        AddConstraintNotValid(model_name='historicalbar', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='historical_bars_known_at_later')),
        AddConstraintNotValid(model_name='historicalgreeks', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='historical_greeks_known_at_later')),
        AddConstraintNotValid(model_name='optionsflow', constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='options_flow_history_known_at_later')),
        sql.run('wall.sql', reverse=sql.read('no_wall.sql')),
        migrations.RunSQL(sql.trades_as_of(16), 'DROP VIEW trades_as_of CASCADE'),
        sql.run('reads.sql'),
    ]
