"""The first and last report of a contract as seen before a cancel, which decide what the cancel takes back.

Only cancels that are stored from now on have them. The columns are added without a rewrite of the table.
"""

from django.db import migrations, models

from warehouse import sql

FIRST = "of a cancel: sequence_number of the contract's first report seen before it, null if none was; no unit"
LAST = "of a cancel: sequence_number of the contract's last report seen before it, null if none was; no unit"


def report(name, comment):
    field = models.BigIntegerField(blank=True, db_comment=comment, null=True)
    return migrations.AddField(model_name='optionsflow', name=name, field=field)


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0027_comments_of_gamma'),
    ]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, sql.trades_as_of('first_report', 'last_report')),
        report('first_report', FIRST),
        report('last_report', LAST),
        migrations.RunSQL(sql.trades_as_of(), 'DROP VIEW trades_as_of'),
    ]
