"""Session exceptions are edited in the admin, and the web process counts failed logins."""

from django.db import migrations

RIGHTS = """
GRANT INSERT, UPDATE, DELETE ON session_exceptions TO warehouse_web;
DROP POLICY IF EXISTS edits ON session_exceptions;
CREATE POLICY edits ON session_exceptions TO warehouse_web USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON axes_accessattempt, axes_accessattemptexpiration TO warehouse_web;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('axes', '0010_accessattemptexpiration'),
        ('warehouse', '0033_market_events'),
    ]

    operations = [
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
