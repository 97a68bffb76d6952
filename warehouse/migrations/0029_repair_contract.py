"""Contracts asked to repair a gap of the stream, so that a repair is done in steps."""

import django.db.models.deletion
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0027_comments_of_gamma'),
    ]

    operations = [
        migrations.AddField(
            model_name='streamgap',
            name='contracts',
            field=models.IntegerField(db_comment='contracts that may have traded in the gap; contracts', db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='streamgap',
            name='repair',
            field=models.ForeignKey(blank=True, db_comment='gap whose contracts are asked for this gap too, null before its repair starts; no unit', db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='repaired_gaps', to='warehouse.streamgap'),
        ),
        migrations.AddField(
            model_name='streamgap',
            name='repaired_at',
            field=models.BigIntegerField(blank=True, db_comment='when the repair ended, null before; epoch milliseconds UTC', null=True),
        ),
        migrations.CreateModel(
            name='RepairContract',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('contract_ticker', models.TextField(db_collation='C', db_comment='contract to ask for its trades: O:SPXW251219C06475000; no unit')),
                ('volume', models.FloatField(db_comment='volume around the gap, larger ones are asked first; contracts')),
                ('outcome', models.TextField(choices=[('waiting', 'Waiting'), ('asked', 'Asked'), ('refused', 'Refused')], db_comment='whether it was asked; one of waiting, asked, refused')),
                ('attempts', models.IntegerField(db_comment='attempts to ask it; attempts', default=0)),
                ('trades', models.IntegerField(db_comment='trades that were missing and are stored; trades', default=0)),
                ('asked_at', models.BigIntegerField(blank=True, db_comment='when it was answered or refused, null before; epoch milliseconds UTC', null=True)),
                ('gap', models.ForeignKey(db_comment='first of the gaps that are repaired together; no unit', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='repair_contracts', to='warehouse.streamgap')),
            ],
            options={
                'verbose_name': 'contract of a repair',
                'verbose_name_plural': 'contracts of repairs',
                'db_table': 'repair_contract',
                'db_table_comment': 'Contracts whose trades are fetched to repair a gap of the stream.',
                'constraints': [models.UniqueConstraint(fields=('gap', 'symbol', 'contract_ticker'), name='repair_contract_key'), models.CheckConstraint(condition=models.Q(('outcome__in', ['waiting', 'asked', 'refused'])), name='repair_contract_outcome_known')],
            },
        ),
        sql.rights('repair_contract'),
    ]
