"""The days on which the provider overrules the exchange calendar."""

from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0004_roles'),
    ]

    operations = [
        migrations.CreateModel(
            name='SessionException',
            fields=[
                ('date', models.DateField(db_comment='day the calendar is overruled; date, New York', primary_key=True, serialize=False)),
                ('opens_ms', models.BigIntegerField(blank=True, db_comment='open of the session, null where there is none; epoch milliseconds UTC', null=True)),
                ('closes_ms', models.BigIntegerField(blank=True, db_comment='close of the session, null where there is none; epoch milliseconds UTC', null=True)),
                ('reason', models.TextField(db_comment='what the provider says and what the calendar says, one sentence; no unit')),
                ('noted_at', models.BigIntegerField(db_comment='when the disagreement was last seen; epoch milliseconds UTC')),
            ],
            options={
                'verbose_name': 'session exception',
                'db_table': 'session_exceptions',
                'db_table_comment': 'Days on which the provider overrules the exchange calendar.',
                'constraints': [models.CheckConstraint(condition=models.Q(('opens_ms__lt', models.F('closes_ms'))), name='session_exceptions_hours')],
            },
        ),
        sql.rights('session_exceptions'),
    ]
