-- Rights beyond those of every table (`table_rights.sql`).
GRANT INSERT, UPDATE, DELETE ON watchlist TO warehouse_web;
DROP POLICY IF EXISTS edits ON watchlist;
CREATE POLICY edits ON watchlist TO warehouse_web USING (true) WITH CHECK (true);

-- Schedules: beat and the workers run them, operators edit them.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    django_celery_beat_clockedschedule, django_celery_beat_crontabschedule, django_celery_beat_intervalschedule,
    django_celery_beat_periodictask, django_celery_beat_periodictasks, django_celery_beat_solarschedule
TO warehouse_writer, warehouse_web;

-- Django's own tables: accounts, sessions and the admin's log.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    auth_group, auth_group_permissions, auth_permission, auth_user, auth_user_groups, auth_user_user_permissions,
    django_admin_log, django_content_type, django_session
TO warehouse_web;
GRANT SELECT ON django_migrations TO warehouse_web, warehouse_writer;

GRANT EXECUTE ON FUNCTION
    warehouse_now_ms(), warehouse_partition_policy(text), warehouse_partition_of(text, bigint),
    warehouse_retained_from_ms(text), warehouse_partitions(), get_latest_iv_percentile(text),
    get_flow_summary(text, integer), get_latest_gamma_exposure(text), get_current_market_regime()
TO warehouse_reader, warehouse_web, warehouse_writer;

GRANT EXECUTE ON FUNCTION
    warehouse_ensure_partitions(text, bigint, bigint), warehouse_drop_partition(text), warehouse_drop_expired(text),
    cleanup_old_greeks(), cleanup_old_flow(), cleanup_old_iv(), cleanup_old_gamma(), cleanup_old_regime()
TO warehouse_writer;
