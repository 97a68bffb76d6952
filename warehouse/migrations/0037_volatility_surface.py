"""Volatility surface and term structure per session."""

import django.contrib.postgres.fields
import warehouse.models.columns
from django.db import migrations, models

from warehouse import sql


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0036_newest_rows_by_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='SurfacePoint',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('date', models.DateField(db_comment='session; date, New York')),
                ('tenor_days', models.IntegerField(db_comment='constant maturity; calendar days')),
                ('delta', models.TextField(choices=[('10P', 'Put 10'), ('25P', 'Put 25'), ('50', 'Middle'), ('25C', 'Call 25'), ('10C', 'Call 10')], db_comment='delta of the forward, of puts (P), calls (C) or both (50); one of 10P, 25P, 50, 25C, 10C')),
                ('iv', models.FloatField(blank=True, db_comment='volatility on the SVI smiles; fraction per year', null=True)),
                ('cubic_iv', models.FloatField(blank=True, db_comment='volatility on the cubic smiles; fraction per year', null=True)),
                ('strike', warehouse.models.columns.MoneyField(blank=True, db_comment='strike with this delta at the forward of the tenor; dollars or index points', null=True)),
                ('reason', models.TextField(blank=True, db_comment='why iv is null; no unit', null=True)),
                ('rmse', models.FloatField(blank=True, db_comment='larger error of the two smiles around the tenor; fraction per year', null=True)),
                ('n_quotes', models.IntegerField(db_comment='quotes of both smiles; quotes')),
                ('curves_disagree', models.BooleanField(db_comment='iv and cubic_iv differ by more than one point, or there is no cubic_iv; true or false', db_default=False, default=False)),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'surface point',
                'verbose_name_plural': 'volatility surfaces',
                'db_table': 'iv_surface_daily',
                'db_table_comment': 'Implied volatility at constant maturities and deltas per session.',
                'constraints': [models.UniqueConstraint(fields=('symbol', 'date', 'tenor_days', 'delta'), name='iv_surface_daily_key'), models.CheckConstraint(condition=models.Q(('delta__in', ['10P', '25P', '50', '25C', '10C'])), name='iv_surface_daily_delta_known')],
            },
        ),
        migrations.CreateModel(
            name='TermDay',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('date', models.DateField(db_comment='session; date, New York')),
                ('tenor_days', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_comment='constant maturities; calendar days', size=None)),
                ('at_the_money', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), db_comment='volatility at the forward by tenor; fraction per year', size=None)),
                ('reason', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_comment='why an element of at_the_money is null, empty where it is not; no unit', size=None)),
                ('forward_variance', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), db_comment='variance between the tenor before and this one; variance per year', size=None)),
                ('forward_volatility', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), db_comment='its root, null where it is negative; fraction per year', size=None)),
                ('ex_event', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), db_comment='at_the_money without the known events before the tenor; fraction per year', size=None)),
                ('ex_event_reason', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_comment='why an element of ex_event is null, empty where it is not; no unit', size=None)),
                ('skew_25d_put_minus_call', models.FloatField(blank=True, db_comment='30-day 25-delta put IV minus call IV; fraction per year', null=True)),
                ('butterfly_25d', models.FloatField(blank=True, db_comment='30-day mean of both 25-delta IVs minus at the money; fraction per year', null=True)),
                ('slope', models.FloatField(blank=True, db_comment='60-day minus 30-day volatility at the forward; fraction per year', null=True)),
                ('skew_index', models.FloatField(blank=True, db_comment="30-day skewness by Cboe's method of SKEW; index points", null=True)),
                ('event_variance', models.FloatField(blank=True, db_comment='variance of the move of one known event; fraction squared', null=True)),
                ('implied_move', models.FloatField(blank=True, db_comment='one standard deviation of that move; fraction of the price', null=True)),
                ('base_volatility', models.FloatField(blank=True, db_comment='volatility without the event; fraction per year', null=True)),
                ('event_reason', models.TextField(blank=True, db_comment='why implied_move is null; no unit', null=True)),
                ('settlements', models.IntegerField(db_comment='settlements with a smile; settlements')),
                ('refused', models.IntegerField(db_comment='settlements with quotes but without a smile; settlements')),
                ('worst_rmse', models.FloatField(blank=True, db_comment='largest error of the smiles of at_the_money; fraction per year', null=True)),
                ('butterflies', models.IntegerField(db_comment='points with butterfly arbitrage between the quotes; points')),
                ('calendars', models.IntegerField(db_comment='points with calendar arbitrage; points')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'term structure',
                'verbose_name_plural': 'term structures',
                'db_table': 'iv_term_daily',
                'db_table_comment': 'Term structure of implied volatility per session, with skew and events.',
                'constraints': [models.UniqueConstraint(fields=('symbol', 'date'), name='iv_term_daily_key')],
            },
        ),
        sql.rights('iv_surface_daily', 'iv_term_daily'),
        sql.run('volatility_surface.sql'),
    ]
