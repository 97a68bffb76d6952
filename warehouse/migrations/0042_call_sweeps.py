"""Sweeps of calls in the sums of 15 minutes, for the fields of patterns."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0041_signals'),
    ]

    operations = [
        migrations.AddField(
            model_name='flowslot',
            name='call_sweeps',
            field=models.BigIntegerField(blank=True, db_comment='sweeps of calls, null in older rows; sweeps', null=True),
        ),
    ]
