"""Dates of earnings and other events, edited in the admin, with the wall and the versions of other facts."""

from django.db import migrations, models

from warehouse import sql

WALL = """
CREATE POLICY as_of ON market_events AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING (known_at <= (SELECT warehouse_as_of_ms()));
CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON market_events FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'kind', 'date');
"""
# Operators edit events in the admin, whose earlier versions are kept.
EDITED_ON_THE_WEB = """
GRANT INSERT, UPDATE ON market_events TO warehouse_web;
CREATE POLICY edits ON market_events TO warehouse_web USING (true) WITH CHECK (true);
GRANT EXECUTE ON FUNCTION warehouse_keep_versions() TO warehouse_web;
GRANT INSERT ON superseded_rows TO warehouse_web;
CREATE POLICY keeps_events ON superseded_rows FOR INSERT TO warehouse_web WITH CHECK (table_name = 'market_events');
"""
NO_LONGER = """
DROP POLICY keeps_events ON superseded_rows;
REVOKE INSERT ON superseded_rows FROM warehouse_web;
REVOKE EXECUTE ON FUNCTION warehouse_keep_versions() FROM warehouse_web;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0032_flow_summary_by_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='MarketEvent',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, * for all; no unit')),
                ('kind', models.TextField(choices=[('EARNINGS', 'Earnings'), ('FOMC', 'Fomc'), ('CPI', 'Cpi'), ('JOBS', 'Jobs'), ('ELECTION', 'Election'), ('OTHER', 'Other')], db_comment='kind of the event; one of EARNINGS, FOMC, CPI, JOBS, ELECTION, OTHER')),
                ('date', models.DateField(db_comment='session of the event; date, New York')),
                ('timing', models.TextField(choices=[('BEFORE_OPEN', 'Before Open'), ('DURING', 'During'), ('AFTER_CLOSE', 'After Close'), ('UNKNOWN', 'Unknown')], db_comment='when it happens on that date; one of BEFORE_OPEN, DURING, AFTER_CLOSE, UNKNOWN')),
                ('certainty', models.TextField(choices=[('CONFIRMED', 'Confirmed'), ('ESTIMATED', 'Estimated')], db_comment='whether the date was announced or is estimated; one of CONFIRMED, ESTIMATED')),
                ('note', models.TextField(blank=True, db_comment='what it is, and where the date comes from; no unit', null=True)),
                ('source', models.TextField(choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='live for one entered in the admin, import for one of a file; one of live, backfill, import')),
                ('withdrawn_at', models.BigIntegerField(blank=True, db_comment='from when on it was no longer expected, null while it is; epoch milliseconds UTC', null=True)),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'market event',
                'db_table': 'market_events',
                'db_table_comment': 'Earnings and other dates on which an underlying may move.',
                'indexes': [models.Index(fields=['date'], name='market_events_date_idx')],
                'constraints': [models.UniqueConstraint(fields=('symbol', 'kind', 'date'), name='market_events_key'), models.CheckConstraint(condition=models.Q(('kind__in', ['EARNINGS', 'FOMC', 'CPI', 'JOBS', 'ELECTION', 'OTHER'])), name='market_events_kind_known'), models.CheckConstraint(condition=models.Q(('timing__in', ['BEFORE_OPEN', 'DURING', 'AFTER_CLOSE', 'UNKNOWN'])), name='market_events_timing_known'), models.CheckConstraint(condition=models.Q(('certainty__in', ['CONFIRMED', 'ESTIMATED'])), name='market_events_certainty_known'), models.CheckConstraint(condition=models.Q(('source__in', ['live', 'backfill', 'import'])), name='market_events_source_known')],
            },
        ),
        sql.rights('market_events'),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
        migrations.RunSQL(EDITED_ON_THE_WEB, NO_LONGER),
    ]
