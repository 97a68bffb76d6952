"""The functions: the market's clock, partitions, the documents' reads and cleanups."""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [('warehouse', '0002_partitioned_tables')]

    operations = [
        sql.run(
            'clock.sql',
            reverse='DROP FUNCTION warehouse_now_ms()',
        ),
        sql.run(
            'partitions.sql',
            reverse='DROP FUNCTION warehouse_partition_policy(text), warehouse_partition_of(text, bigint), '
            'warehouse_retained_from_ms(text), warehouse_partitions(), '
            'warehouse_ensure_partitions(text, bigint, bigint), warehouse_drop_partition(text), '
            'warehouse_create_partitions(text, bigint, bigint), warehouse_ensure_imported_months(bigint, bigint), '
            'warehouse_is_kept(text)',
        ),
        sql.run(
            'reads.sql',
            reverse='DROP FUNCTION warehouse_check_symbol(text, text), get_latest_iv_percentile(text), '
            'get_flow_summary(text, integer), get_latest_gamma_exposure(text), get_current_market_regime()',
        ),
        sql.run(
            'cleanup.sql',
            reverse='DROP FUNCTION warehouse_drop_expired(text), cleanup_old_greeks(), cleanup_old_flow(), '
            'cleanup_old_iv(), cleanup_old_gamma(), cleanup_old_regime()',
        ),
    ]
