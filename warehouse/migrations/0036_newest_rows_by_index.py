"""Indexes of the large tables: newest rows of all symbols, a contract's trades, rows not stored live."""

from django.db import migrations

from warehouse.sql.partition_indexes import add_index

_NOT_LIVE = '(source, "timestamp", id) WHERE source <> \'live\''


class Migration(migrations.Migration):
    atomic = False
    dependencies = [('warehouse', '0035_lists_by_index')]
    operations = [
        add_index('historical_greeks', 'historical_greeks_newest_idx', '("timestamp", id)'),
        add_index('historical_greeks', 'historical_greeks_not_live_idx', _NOT_LIVE),
        add_index('historical_bars', 'historical_bars_newest_idx', '("timestamp", id)'),
        add_index('options_flow_history', 'options_flow_history_newest_idx', '("timestamp", id)'),
        # Behind row-level security a comparison of money is no index condition, but it may imply that of a partial index.
        add_index('options_flow_history', 'options_flow_history_million_idx', '("timestamp", id) WHERE premium >= 1000000'),
        add_index('options_flow_history', 'options_flow_history_contract_idx', '(contract_ticker, "timestamp")'),
        add_index('options_flow_history', 'options_flow_history_not_live_idx', _NOT_LIVE),
    ]
