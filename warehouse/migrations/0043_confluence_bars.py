"""Confluence of each symbol at each bar, for the dashboard."""

from django.db import migrations, models

from warehouse import sql

_WALL = """
CREATE POLICY as_of ON confluence_bars AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING (known_at <= (SELECT warehouse_as_of_ms()))
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0042_call_sweeps'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConfluenceBar',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('bar_end', models.BigIntegerField(db_comment='end of the bar; epoch milliseconds UTC')),
                ('side', models.IntegerField(db_comment='side that is measured, 1 rising, -1 falling, 0 without one; no unit')),
                ('overall', models.FloatField(blank=True, db_comment='weighted mean of the components, null without data; points of 0 to 100', null=True)),
                ('components', models.JSONField(blank=True, db_comment='components with their checks; points of 0 to 100')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
            ],
            options={
                'verbose_name': 'confluence of a bar',
                'verbose_name_plural': 'confluence by bar',
                'db_table': 'confluence_bars',
                'db_table_comment': 'Confluence of each symbol at each bar of 15 minutes.',
                'indexes': [models.Index(fields=['bar_end', 'id'], name='confluence_bars_newest_idx')],
                'constraints': [models.UniqueConstraint(fields=('symbol', 'bar_end'), name='confluence_bars_key'), models.CheckConstraint(condition=models.Q(('side__in', [-1, 0, 1])), name='confluence_bars_side_known')],
            },
        ),
        sql.rights('confluence_bars'),
        migrations.RunSQL(_WALL, migrations.RunSQL.noop),
    ]
