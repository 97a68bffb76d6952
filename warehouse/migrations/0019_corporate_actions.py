"""Splits and cash dividends, with the wall and the versions of the other tables that a signal may read."""

import warehouse.models.columns
from django.db import migrations, models

from warehouse import sql

WALL = """
CREATE POLICY as_of ON corporate_actions AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING (known_at <= (SELECT warehouse_as_of_ms()));
CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON corporate_actions FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'kind', 'ex_date');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0018_daily_bars_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='CorporateAction',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='stock or ETF: AAPL; no unit')),
                ('kind', models.TextField(choices=[('split', 'Split'), ('cash_dividend', 'Cash Dividend')], db_comment='kind of the action; one of split, cash_dividend')),
                ('ex_date', models.DateField(db_comment='first session without the dividend, or with the new shares; date, New York')),
                ('cash_amount', warehouse.models.columns.MoneyField(blank=True, db_comment='sum of the cash dividends of the ex-date; dollars per share', null=True)),
                ('split_from', models.FloatField(blank=True, db_comment="old shares of the split's ratio; shares", null=True)),
                ('split_to', models.FloatField(blank=True, db_comment='new shares for them; shares', null=True)),
                ('declaration_date', models.DateField(blank=True, db_comment='when it was declared, null if unknown; date, New York', null=True)),
                ('pay_date', models.DateField(blank=True, db_comment='when it is paid, null if unknown; date, New York', null=True)),
                ('dividend_type', models.TextField(blank=True, db_comment='kinds of the dividends: CD regular, SC special, LT and ST capital gains; no unit', null=True)),
                ('source', models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='live, or backfill for what the first fetch found; one of live, backfill, import')),
                ('fetched_at', models.BigIntegerField(db_comment='when these values were fetched first; epoch milliseconds UTC')),
                ('withdrawn_at', models.BigIntegerField(blank=True, db_comment='from when on it was no longer listed, null while it is; epoch milliseconds UTC', null=True)),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'corporate action',
                'db_table': 'corporate_actions',
                'db_table_comment': 'Splits and cash dividends of stocks.',
                'constraints': [models.UniqueConstraint(fields=('symbol', 'kind', 'ex_date'), name='corporate_actions_key'), models.CheckConstraint(condition=models.Q(('kind__in', ['split', 'cash_dividend'])), name='corporate_actions_kind_known'), models.CheckConstraint(condition=models.Q(('source__in', ['live', 'backfill', 'import'])), name='corporate_actions_source_known')],
            },
        ),
        sql.rights('corporate_actions'),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
