"""get_flow_summary reads the trades once and groups their sweeps from arrays."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0037_volatility_surface'),
    ]

    operations = [sql.run('reads.sql')]
