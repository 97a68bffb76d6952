"""get_flow_summary reads sweeps by their index and groups no other trades."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0031_flow_sides'),
    ]

    operations = [sql.run('reads.sql')]
