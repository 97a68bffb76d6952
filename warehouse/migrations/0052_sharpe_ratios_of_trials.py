"""Keep the Sharpe ratio of every set of weights that was tried, for the deflated ratio of the best one.

The generations of an optimisation are stored with several numbers each.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0051_walls_of_outcomes'),
    ]

    operations = [
        migrations.AddField(
            model_name='triedgenome',
            name='sharpe',
            field=models.FloatField(blank=True, db_comment='Sharpe ratio of the sums of R, null without variation; per session', null=True),
        ),
        migrations.AlterField(
            model_name='optimization',
            name='generations',
            field=models.JSONField(blank=True, db_comment='best weights of each generation in sample, by fit, null before; units in the names', null=True),
        ),
    ]
