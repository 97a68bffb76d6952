"""Retention lets raw prints and gamma snapshots go only once their day is summed up."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0006_flow_cancels')]

    operations = [
        sql.run('partitions.sql'),
        sql.run('cleanup.sql'),
    ]
