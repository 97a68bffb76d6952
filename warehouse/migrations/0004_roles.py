"""Roles, grants and row-level security. Depends on the migrations whose tables the grants name.

Going back leaves the roles: they belong to the cluster, and another database may use them.
"""

from django.db import migrations

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0003_functions'),
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        sql.run('roles.sql'),
        sql.rights(
            'historical_greeks',
            'options_flow_history',
            'historical_bars',
            'iv_percentile_cache',
            'gamma_exposure_snapshots',
            'market_regime_history',
            'watchlist',
            'ingestion_runs',
            'scanner_heartbeat',
            'stream_gap',
            'dead_letter',
            'flow_daily',
            'gamma_daily',
            'contract_size_daily',
        ),
        sql.run('rights.sql'),
    ]
