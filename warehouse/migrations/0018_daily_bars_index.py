"""Add an index for the daily bars of all stocks of one day."""

from django.db import migrations

from warehouse.sql.partition_indexes import add_index


class Migration(migrations.Migration):
    atomic = False
    dependencies = [('warehouse', '0017_sweeps_of_past_instants')]
    operations = [
        add_index('historical_bars', 'historical_bars_daily_idx', '("timestamp", symbol) WHERE timeframe = \'1d\'')
    ]
