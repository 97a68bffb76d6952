"""An index of the cancels alone: every batch of prints asks whether a stored cancel waits for one of them.

It is empty but for a few rows a day, so other rows cost it nothing.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0005_session_exceptions')]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_cancels_idx ON options_flow_history (symbol, "timestamp")'
            ' WHERE is_cancel',
            'DROP INDEX options_flow_history_cancels_idx',
        )
    ]
