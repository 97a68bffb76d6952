-- Roles belong to the cluster: several databases share them, and two migrations may run at the same time. They may log
-- in, because the nodes of a distributed database connect to each other as the current role. They have no password, so
-- that nobody can log in as them until an administrator sets one. The migration login uses them with SET ROLE, which
-- from PostgreSQL 16 on must be granted explicitly: creating a role gives its creator only the right to grant it.
DO $$
DECLARE
    v_role text;
    v_privilege text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['warehouse_reader', 'warehouse_writer', 'warehouse_web'] LOOP
        BEGIN
            IF to_regrole(v_role) IS NULL THEN
                EXECUTE format('CREATE ROLE %I LOGIN', v_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- a migration of another database was faster
        END;
        BEGIN
            IF NOT pg_has_role(current_user, v_role, v_privilege) THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
            END IF;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- likewise
        END;
    END LOOP;
END
$$;

-- warehouse_writer: workers, beat and consumer. warehouse_web: reads all, edits the watchlist. warehouse_reader: reads.
-- Grants and policies are defined on the parents only, because rows are accessed through them and not through a partition.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'historical_greeks', 'options_flow_history', 'historical_bars', 'iv_percentile_cache',
        'gamma_exposure_snapshots', 'market_regime_history', 'watchlist', 'ingestion_runs', 'scanner_heartbeat',
        'stream_gap', 'dead_letter', 'flow_daily', 'gamma_daily', 'contract_size_daily'
    ] LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, warehouse_reader, warehouse_web, warehouse_writer', v_table);
        EXECUTE format('GRANT SELECT ON %I TO warehouse_reader, warehouse_web', v_table);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO warehouse_writer', v_table);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('DROP POLICY IF EXISTS reads ON %I', v_table);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT TO warehouse_reader, warehouse_web USING (true)', v_table);
        EXECUTE format('DROP POLICY IF EXISTS writes ON %I', v_table);
        EXECUTE format('CREATE POLICY writes ON %I TO warehouse_writer USING (true) WITH CHECK (true)', v_table);
    END LOOP;
END
$$;

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
