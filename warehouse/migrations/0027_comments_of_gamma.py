"""Comments of columns that changed their meaning with historical_greeks.multiplier."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0026_multiplier_of_trades'),
    ]

    operations = [
        migrations.AlterField('gammaexposure', 'measured_contracts', models.IntegerField(blank=True, db_comment='contracts of the chain, adjusted ones included; contracts', null=True)),
        migrations.AlterField('gammaexposure', 'multipliers', models.JSONField(blank=True, db_comment='multipliers other than 100 by contract ticker, in rows from before historical_greeks.multiplier; shares per contract', null=True)),
    ]
