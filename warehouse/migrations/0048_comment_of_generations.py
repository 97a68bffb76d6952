"""Describe the generations of an optimisation: they are stored with several numbers each."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0047_fewer_trade_indexes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='optimization',
            name='generations',
            field=models.JSONField(blank=True, db_comment='best weights of each generation in sample, by fit, null before; units in the names', null=True),
        ),
    ]
