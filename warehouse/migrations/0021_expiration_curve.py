"""Forwards, rates and borrow yields by expiration; the multiplier of a contract, and new statuses of its volatility.

The changes of the large table come last, because their locks are held until the end of the migration. Its rows are not
read: they satisfy the wider constraint because they satisfied the narrower one.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from warehouse import sql

WALL = """
CREATE POLICY as_of ON expiration_curve AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING ("timestamp" <= warehouse_as_of_ms() AND known_at <= (SELECT warehouse_as_of_ms()));
CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON expiration_curve FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'timestamp', 'root', 'expiration');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0020_unadjusted_bars'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpirationCurve',
            fields=[
                ('id', models.BigAutoField(db_comment='row number in order of arrival; no unit', primary_key=True, serialize=False)),
                ('symbol', models.TextField(db_collation='C', db_comment='underlying, bare: SPX, SPY; no unit')),
                ('timestamp', models.BigIntegerField(db_comment='slot of the chain; epoch milliseconds UTC')),
                ('root', models.TextField(db_collation='C', db_comment='option root, SPX or SPXW; no unit')),
                ('expiration', models.DateField(db_comment='expiration day; date, New York')),
                ('exercise_style', models.TextField(choices=[('american', 'American'), ('european', 'European')], db_comment='by which the contracts of the expiration were priced; one of american, european')),
                ('forward', models.FloatField(blank=True, db_comment='price of the underlying for delivery at settlement; dollars or index points', null=True)),
                ('forward_error', models.FloatField(blank=True, db_comment='standard error of the forward, null if it is not from its own quotes; dollars or points', null=True)),
                ('rate', models.FloatField(db_comment='interest rate until settlement, continuous; fraction per year')),
                ('rate_source', models.TextField(choices=[('own', 'Own'), ('curve', 'Curve'), ('flat', 'Flat'), ('trades', 'Trades')], db_comment='own quotes, the curve of curve_timestamp, the flat rate of the settings, or trades; one of own, curve, flat, trades')),
                ('curve_timestamp', models.BigIntegerField(blank=True, db_comment='slot of the rate\'s curve, null for other sources; epoch milliseconds UTC', null=True)),
                ('implied_borrow', models.FloatField(blank=True, db_comment='yield that explains the forward beside rate and declared dividends, continuous; fraction per year', null=True)),
                ('dividends', models.FloatField(blank=True, db_comment='declared cash dividends that go ex until settlement, null if never fetched; dollars per share', null=True)),
                ('atm_volatility', models.FloatField(blank=True, db_comment='volatility at the forward, on the smile; fraction per year', null=True)),
                ('total_variance', models.FloatField(blank=True, db_comment='atm_volatility squared times years to settlement; no unit', null=True)),
                ('quotes_used', models.IntegerField(db_comment='strikes quoted on both sides that gave the forward; strikes')),
                ('quality', models.TextField(choices=[('parity', 'Parity'), ('few_strikes', 'Few Strikes'), ('uncertain', 'Uncertain'), ('interpolated', 'Interpolated'), ('assumed', 'Assumed')], db_comment='forward from its own quotes, one or two strikes, between other expirations, or without quotes; one of parity, few_strikes, uncertain, interpolated, assumed')),
                ('method_version', models.TextField(db_comment='version of the method that computed the row; no unit')),
                ('known_at', models.BigIntegerField(db_comment='from when on the row was available; epoch milliseconds UTC', db_default=models.Func(function='warehouse_known_ms'))),
                ('computed_at', models.BigIntegerField(blank=True, db_comment="from when on these values are the row's, null for the first ones; epoch milliseconds UTC", null=True)),
            ],
            options={
                'verbose_name': 'expiration curve',
                'verbose_name_plural': 'expiration curve',
                'db_table': 'expiration_curve',
                'db_table_comment': 'Forward, rate, borrow yield and at-the-money volatility by expiration and slot.',
            },
        ),
        migrations.AddConstraint(
            model_name='expirationcurve',
            constraint=models.UniqueConstraint(fields=('symbol', 'timestamp', 'root', 'expiration'), name='expiration_curve_key'),
        ),
        migrations.AddConstraint(
            model_name='expirationcurve',
            constraint=models.CheckConstraint(condition=models.Q(('exercise_style__in', ['american', 'european'])), name='expiration_curve_exercise_style_known'),
        ),
        migrations.AddConstraint(
            model_name='expirationcurve',
            constraint=models.CheckConstraint(condition=models.Q(('rate_source__in', ['own', 'curve', 'flat', 'trades'])), name='expiration_curve_rate_source_known'),
        ),
        migrations.AddConstraint(
            model_name='expirationcurve',
            constraint=models.CheckConstraint(condition=models.Q(('quality__in', ['parity', 'few_strikes', 'uncertain', 'interpolated', 'assumed'])), name='expiration_curve_quality_known'),
        ),
        migrations.AddConstraint(
            model_name='expirationcurve',
            constraint=models.CheckConstraint(condition=models.Q(('known_at__gte', models.F('timestamp'))), name='expiration_curve_known_at_later'),
        ),
        sql.rights('expiration_curve'),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name='historicalgreeks',
            name='historical_greeks_iv_status_known',
        ),
        migrations.AddField(
            model_name='historicalgreeks',
            name='multiplier',
            field=models.IntegerField(blank=True, db_comment='deliverable, null in rows from before the column and where it is unknown; shares per contract', null=True),
        ),
        migrations.AlterField(
            model_name='historicalgreeks',
            name='iv_status',
            field=models.TextField(choices=[('ok', 'Ok'), ('below_intrinsic', 'Below Intrinsic'), ('above_maximum', 'Above Maximum'), ('no_quote', 'No Quote'), ('crossed', 'Crossed'), ('wide', 'Wide'), ('expired', 'Expired'), ('no_underlying', 'No Underlying'), ('other_side', 'Other Side'), ('deep', 'Deep'), ('adjusted', 'Adjusted')], db_comment='reason why implied_volatility is present or null; one of ok, below_intrinsic, above_maximum, no_quote, crossed, wide, expired, no_underlying, other_side, deep, adjusted'),
        ),
        AddConstraintNotValid(
            model_name='historicalgreeks',
            constraint=models.CheckConstraint(condition=models.Q(('iv_status__in', ['ok', 'below_intrinsic', 'above_maximum', 'no_quote', 'crossed', 'wide', 'expired', 'no_underlying', 'other_side', 'deep', 'adjusted'])), name='historical_greeks_iv_status_known'),
        ),
    ]
