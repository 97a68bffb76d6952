"""Drop the index of trades by time that another one has made superfluous.

A BRIN index served trades of the last hours without a symbol. Since 0036 a B-tree begins with the time. Documented
queries compare with NOW(), so that they are planned over all retained days, and each index of each day takes time.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0046_optimizations')]

    operations = [
        migrations.RunSQL(
            'DROP INDEX options_flow_history_time_idx',
            'CREATE INDEX options_flow_history_time_idx ON options_flow_history USING brin ("timestamp")'
            ' WITH (autosummarize = on)',
        ),
    ]
