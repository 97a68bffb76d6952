"""Bars of files: their source, and the months in which they are kept."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from warehouse import sql

_GRANT = """
GRANT EXECUTE ON FUNCTION warehouse_ensure_imported_months(bigint, bigint), warehouse_is_kept(text) TO warehouse_writer
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0044_backtests'),
    ]

    operations = [
        migrations.AddField(model_name='historicalbar', name='source', field=models.TextField(blank=True, choices=[('live', 'Live'), ('backfill', 'Backfill'), ('import', 'Import')], db_comment='import for a bar of a file, null for one of the provider; one of live, backfill, import', null=True)),
        AddConstraintNotValid(model_name='historicalbar', constraint=models.CheckConstraint(condition=models.Q(('source__in', ['live', 'backfill', 'import'])), name='historical_bars_source_known')),
        sql.run('partitions.sql'),
        sql.run('cleanup.sql'),
        migrations.RunSQL(_GRANT, migrations.RunSQL.noop),
    ]
