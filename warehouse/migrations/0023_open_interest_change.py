"""The change of open interest per contract and session."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0022_gamma_by_expiration'),
    ]

    operations = [
        sql.run('open_interest_change.sql', reverse='DROP FUNCTION get_open_interest_change(text, date)'),
    ]
