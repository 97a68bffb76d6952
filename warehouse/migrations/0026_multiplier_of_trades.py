"""The multiplier of traded contracts: the premium of a trade is NULL where its multiplier is unknown.

Trades stored before have no multiplier, and premiums of 100 shares per contract. The changes of the large table come
last, because their locks are held until the end of the migration. They change the catalogue only.
"""

from django.db import migrations, models

import warehouse.models.columns
from warehouse import sql

UNKNOWN = 'trades of unknown premium, which the premiums leave out; trades'
MULTIPLIER = 'deliverable, null in rows from before the column and where it is unknown; shares per contract'
PREMIUM = 'price x size x multiplier, null where that is unknown; dollars'

# Written in SQL, because Django changes a comment together with the type, which the view does not allow. A partition is
# created like the table and attached, so from PostgreSQL 18 on its columns have a NOT NULL of their own.
NULLABLE = f"""
ALTER TABLE options_flow_history ALTER COLUMN premium DROP NOT NULL;
DO $$
DECLARE
    v_partition regclass;
BEGIN
    FOR v_partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'options_flow_history'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN premium DROP NOT NULL', v_partition);
    END LOOP;
END
$$;
COMMENT ON COLUMN options_flow_history.premium IS '{PREMIUM}';
"""
NOT_NULL = """
ALTER TABLE options_flow_history ALTER COLUMN premium SET NOT NULL;
COMMENT ON COLUMN options_flow_history.premium IS 'price x size x 100; dollars';
"""


def count_of_unknown(model):
    field = models.BigIntegerField(db_comment=UNKNOWN, db_default=0)
    return migrations.AddField(model_name=model, name='premium_unknown', field=field)


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0025_put_call_by_kind'),
    ]

    operations = [
        count_of_unknown('flowday'),
        count_of_unknown('flowslot'),
        migrations.RunSQL(migrations.RunSQL.noop, sql.trades_as_of(25)),
        migrations.RunSQL(
            NULLABLE,
            NOT_NULL,
            state_operations=[
                migrations.AlterField(
                    model_name='optionsflow',
                    name='premium',
                    field=warehouse.models.columns.MoneyField(blank=True, db_comment=PREMIUM, null=True),
                ),
            ],
        ),
        migrations.AddField(
            model_name='optionsflow',
            name='multiplier',
            field=models.IntegerField(blank=True, db_comment=MULTIPLIER, null=True),
        ),
        migrations.RunSQL(sql.trades_as_of(26), 'DROP VIEW trades_as_of'),
        sql.run('reads.sql'),
    ]
