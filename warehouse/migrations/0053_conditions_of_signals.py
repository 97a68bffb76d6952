"""Keep the conditions of the detector of a signal with the values of their features."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0052_sharpe_ratios_of_trials'),
    ]

    operations = [
        migrations.AddField(
            model_name='signal',
            name='conditions',
            field=models.JSONField(blank=True, db_comment='conditions of the detector, which all held, with the values of their features; units of the features', null=True),
        ),
    ]
