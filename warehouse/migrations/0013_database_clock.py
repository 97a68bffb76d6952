"""The database knows the market's clock, and the documented functions reject invalid arguments."""

from django.db import migrations, models

from warehouse import sql

# The function before this migration. Going back restores it, because the present one reads the table.
CLOCK_OF_THE_CONNECTION = """
CREATE OR REPLACE FUNCTION warehouse_now_ms() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint
         + coalesce(nullif(current_setting('warehouse.clock_offset_ms', true), '')::bigint, 0)
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0012_plain_comments'),
    ]

    operations = [
        migrations.CreateModel(
            name='WarehouseClock',
            fields=[
                ('id', models.BooleanField(db_comment='always true, so that there is one row; true or false', db_default=True, default=True, primary_key=True, serialize=False)),
                ('offset_ms', models.BigIntegerField(db_comment='CLOCK_OFFSET_MS, added to the real time; milliseconds')),
            ],
            options={
                'verbose_name': 'warehouse clock',
                'verbose_name_plural': 'warehouse clock',
                'db_table': 'warehouse_clock',
                'db_table_comment': "Offset of the market's clock from the real time; one row.",
                'constraints': [models.CheckConstraint(condition=models.Q(('id', True)), name='warehouse_clock_one_row')],
            },
        ),
        sql.run('warehouse_clock.sql'),
        sql.run('clock.sql', reverse=CLOCK_OF_THE_CONNECTION),
        sql.run('partitions.sql'),
        sql.run('reads.sql'),
        sql.run('cleanup.sql'),
        migrations.RunSQL(
            'GRANT EXECUTE ON FUNCTION warehouse_check_symbol(text, text)'
            ' TO warehouse_reader, warehouse_web, warehouse_writer',
            migrations.RunSQL.noop,
        ),
    ]
