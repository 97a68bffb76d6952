"""An index for what all symbols did in the last hours: the documents ask it of prints without naming a symbol.

The key begins with the symbol, so that a day of many prints was walked for its last hours. Prints come in the order of
time: the bounds of each megabyte say where they lie. That is some kilobytes for a day, and next to nothing for each print.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0009_plan_flow_of_now')]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_time_idx ON options_flow_history USING brin ("timestamp")'
            ' WITH (autosummarize = on)',
            'DROP INDEX options_flow_history_time_idx',
        ),
    ]
