"""The first and last report of a contract before a cancel, and the opening flow of a session.

The reports decide what the cancel takes back. Only cancels that are stored from now on have them. The columns are added
without a rewrite of the table, last, because their locks are held until the end of the migration.
"""

from django.db import migrations, models

import warehouse.models.columns

from warehouse import sql

FIRST = "of a cancel: sequence_number of the contract's first report seen before it, null if none was; no unit"
LAST = "of a cancel: sequence_number of the contract's last report seen before it, null if none was; no unit"

WALL = """
CREATE POLICY as_of ON flow_opening_daily AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING (known_at <= (SELECT warehouse_as_of_ms()));
CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON flow_opening_daily FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'date');
"""


def report(name, comment):
    field = models.BigIntegerField(blank=True, db_comment=comment, null=True)
    return migrations.AddField(model_name='optionsflow', name=name, field=field)


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0029_repair_contract'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlowOpeningDay',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('date', models.DateField(db_comment='session of the trades; date, New York')),
                ('next_date', models.DateField(db_comment='next session, whose open interest is compared with that of date; date, New York')),
                ('contracts', models.BigIntegerField(db_comment='size of all stored trades; contracts')),
                ('opened_contracts', models.BigIntegerField(db_comment='per contract ticker the smaller of size and rise of open interest; contracts')),
                ('closed_contracts', models.BigIntegerField(db_comment='per contract ticker the smaller of size and fall of open interest; contracts')),
                ('unknown_contracts', models.BigIntegerField(db_comment='size of the contract tickers without open interest in both sessions; contracts')),
                ('premium', warehouse.models.columns.MoneyField(db_comment='known premium of all stored trades; dollars')),
                ('opened_premium', warehouse.models.columns.MoneyField(db_comment='premium in proportion to opened_contracts per contract ticker; dollars')),
                ('closed_premium', warehouse.models.columns.MoneyField(db_comment='premium in proportion to closed_contracts per contract ticker; dollars')),
                ('unknown_premium', warehouse.models.columns.MoneyField(db_comment='premium of unknown_contracts; dollars')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'daily opening flow',
                'verbose_name_plural': 'daily opening flow',
                'db_table': 'flow_opening_daily',
                'db_table_comment': "A session's trades per underlying by the change of open interest until the next session.",
                'constraints': [models.UniqueConstraint(fields=('symbol', 'date'), name='flow_opening_daily_key')],
            },
        ),
        sql.rights('flow_opening_daily'),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
        migrations.RunSQL(migrations.RunSQL.noop, sql.trades_as_of(29)),
        report('first_report', FIRST),
        report('last_report', LAST),
        migrations.RunSQL(sql.trades_as_of(30), 'DROP VIEW trades_as_of'),
    ]
