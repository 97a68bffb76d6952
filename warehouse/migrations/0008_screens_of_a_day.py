"""Indexes for what is asked of a day of prints all day long: the largest premiums, and a symbol's sweeps.

Without them each question walks the day. The second is of the sweeps alone and in the order they come, so it costs other
rows nothing; the first costs every print some microseconds.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0007_summed_before_dropped')]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_premium_idx ON options_flow_history (premium)',
            'DROP INDEX options_flow_history_premium_idx',
        ),
        migrations.RunSQL(
            'CREATE INDEX options_flow_history_sweeps_idx ON options_flow_history (symbol, "timestamp")'
            ' WHERE is_sweep',
            'DROP INDEX options_flow_history_sweeps_idx',
        ),
    ]
