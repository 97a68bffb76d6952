"""Indexes for the orders and filters of the admin's lists, and the filters that users save."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0034_operators'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('model', models.TextField(db_comment='list of the admin, such as optionsflow; no unit')),
                ('name', models.TextField(db_comment='name that the user chose; no unit')),
                ('query', models.TextField(db_comment="query of the list's address; no unit")),
                ('owner', models.ForeignKey(db_comment='user who saved it; no unit', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='saved_filters', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'saved filter',
                'db_table': 'saved_filter',
                'db_table_comment': 'Filters of lists in the admin that users saved under a name.',
                'constraints': [models.UniqueConstraint(fields=('owner', 'model', 'name'), name='saved_filter_key')],
            },
        ),
        sql.rights('saved_filter'),
        migrations.RunSQL(
            'GRANT INSERT, UPDATE, DELETE ON saved_filter TO warehouse_web;'
            'CREATE POLICY edits ON saved_filter TO warehouse_web USING (true) WITH CHECK (true)',
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='corporateaction',
            index=models.Index(fields=['ex_date', 'id'], name='corporate_actions_date_idx'),
        ),
        migrations.AddIndex(
            model_name='expirationcurve',
            index=models.Index(fields=['timestamp', 'id'], name='expiration_curve_time_idx'),
        ),
        migrations.AddIndex(
            model_name='expirationgamma',
            index=models.Index(fields=['timestamp', 'id'], name='gamma_by_expiration_time_idx'),
        ),
        migrations.AddIndex(
            model_name='fetchedrange',
            index=models.Index(fields=['until_ms', 'id'], name='fetched_range_until_idx'),
        ),
        migrations.AddIndex(
            model_name='flowslot',
            index=models.Index(fields=['timestamp', 'id'], name='flow_slots_time_idx'),
        ),
        migrations.AddIndex(
            model_name='gammaexposure',
            index=models.Index(fields=['timestamp', 'id'], name='gamma_exposure_time_idx'),
        ),
        migrations.AddIndex(
            model_name='gammaslot',
            index=models.Index(fields=['timestamp', 'id'], name='gamma_slots_time_idx'),
        ),
        migrations.AddIndex(
            model_name='ingestionrun',
            index=models.Index(fields=['slot', 'id'], name='ingestion_runs_slot_idx'),
        ),
        migrations.AddIndex(
            model_name='supersededrow',
            index=models.Index(fields=['superseded_at', 'id'], name='superseded_rows_newest_idx'),
        ),
    ]
