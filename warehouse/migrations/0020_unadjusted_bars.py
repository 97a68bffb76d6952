"""Bars are stored as traded. Rows that are stored already have NULL, because they may have been adjusted when fetched.

The column is added without a default, so that no row is rewritten, and gets its default for new rows afterwards.
`manage.py refetch_bars` resolves the rows with NULL. Roots of watched symbols lose characters that no contract ticker
has: the contracts of BRK.B have the root BRKB.
"""

from django.db import migrations, models

from warehouse import sql

COMMENT = 'whether later splits were applied when it was fetched, null if unknown; true, false or null'

ROOTS = """
UPDATE watchlist
SET roots = ARRAY(SELECT regexp_replace(root, '[^A-Z0-9]', '', 'g') FROM unnest(roots) WITH ORDINALITY AS r (root, n) ORDER BY n)
WHERE array_to_string(roots, '') ~ '[^A-Z0-9]';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0019_corporate_actions'),
    ]

    operations = [
        migrations.AddField(model_name='historicalbar', name='is_adjusted', field=models.BooleanField(blank=True, db_comment=COMMENT, null=True)),
        migrations.AlterField(model_name='historicalbar', name='is_adjusted', field=models.BooleanField(blank=True, db_comment=COMMENT, db_default=False, null=True)),
        sql.run('as_of.sql'),
        migrations.RunSQL(ROOTS, migrations.RunSQL.noop),
    ]
