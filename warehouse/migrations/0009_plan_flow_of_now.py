"""The flow summary is planned for the days it reads, not for all the days kept."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0008_screens_of_a_day')]

    operations = [sql.run('reads.sql')]
