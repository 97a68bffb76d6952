"""Put/call ratios by kind of underlying with their standing, and the source of the VIX."""

import warehouse.models.columns
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0024_variance_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_percentile_etf',
            field=models.FloatField(blank=True, db_comment='share of the last 252 sessions with a lower put_call_ratio_etf; fraction 0 to 1', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_percentile_index',
            field=models.FloatField(blank=True, db_comment='share of the last 252 sessions with a lower put_call_ratio_index; fraction 0 to 1', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_percentile_stock',
            field=models.FloatField(blank=True, db_comment='share of the last 252 sessions with a lower put_call_ratio_stock; fraction 0 to 1', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_ratio_etf',
            field=models.FloatField(blank=True, db_comment='volume of puts over calls of the tracked chains of ETFs; ratio', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_ratio_index',
            field=models.FloatField(blank=True, db_comment='volume of puts over calls of the tracked chains of indices; ratio', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_ratio_stock',
            field=models.FloatField(blank=True, db_comment='volume of puts over calls of the tracked chains of stocks; ratio', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_regime',
            field=models.TextField(blank=True, choices=[('EXTREME_GREED', 'Extreme Greed'), ('GREED', 'Greed'), ('NEUTRAL', 'Neutral'), ('FEAR', 'Fear'), ('EXTREME_FEAR', 'Extreme Fear')], db_comment='class of the mean percentile of the kinds; one of EXTREME_GREED, GREED, NEUTRAL, FEAR, EXTREME_FEAR', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_regime_etf',
            field=models.TextField(blank=True, choices=[('EXTREME_GREED', 'Extreme Greed'), ('GREED', 'Greed'), ('NEUTRAL', 'Neutral'), ('FEAR', 'Fear'), ('EXTREME_FEAR', 'Extreme Fear')], db_comment='class of put_call_percentile_etf; one of EXTREME_GREED, GREED, NEUTRAL, FEAR, EXTREME_FEAR', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_regime_index',
            field=models.TextField(blank=True, choices=[('EXTREME_GREED', 'Extreme Greed'), ('GREED', 'Greed'), ('NEUTRAL', 'Neutral'), ('FEAR', 'Fear'), ('EXTREME_FEAR', 'Extreme Fear')], db_comment='class of put_call_percentile_index; one of EXTREME_GREED, GREED, NEUTRAL, FEAR, EXTREME_FEAR', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_regime_stock',
            field=models.TextField(blank=True, choices=[('EXTREME_GREED', 'Extreme Greed'), ('GREED', 'Greed'), ('NEUTRAL', 'Neutral'), ('FEAR', 'Fear'), ('EXTREME_FEAR', 'Extreme Fear')], db_comment='class of put_call_percentile_stock; one of EXTREME_GREED, GREED, NEUTRAL, FEAR, EXTREME_FEAR', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_status_etf',
            field=models.TextField(blank=True, choices=[('ok', 'Ok'), ('no_volume', 'No Volume'), ('too_few_sessions', 'Too Few Sessions')], db_comment='why put_call_percentile_etf is present or null; one of ok, no_volume, too_few_sessions', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_status_index',
            field=models.TextField(blank=True, choices=[('ok', 'Ok'), ('no_volume', 'No Volume'), ('too_few_sessions', 'Too Few Sessions')], db_comment='why put_call_percentile_index is present or null; one of ok, no_volume, too_few_sessions', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='put_call_status_stock',
            field=models.TextField(blank=True, choices=[('ok', 'Ok'), ('no_volume', 'No Volume'), ('too_few_sessions', 'Too Few Sessions')], db_comment='why put_call_percentile_stock is present or null; one of ok, no_volume, too_few_sessions', null=True),
        ),
        migrations.AddField(
            model_name='marketregimeday',
            name='vix_source',
            field=models.TextField(blank=True, choices=[('official_close', 'Official Close'), ('daily_bar', 'Daily Bar'), ('bar_at_close', 'Bar At Close'), ('snapshot', 'Snapshot')], db_comment='source of vix_level, null in rows of method regime-1; one of official_close, daily_bar, bar_at_close, snapshot', null=True),
        ),
        migrations.AlterField(
            model_name='marketregimeday',
            name='spy_chop14',
            field=models.FloatField(blank=True, db_comment='SPY choppiness index over 14 sessions; 0 in a trend, about 100 without', null=True),
        ),
        migrations.AlterField(
            model_name='marketregimeday',
            name='vix_level',
            field=warehouse.models.columns.MoneyField(blank=True, db_comment='VIX of the session, by vix_source; index points', null=True),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('vix_source__in', ['official_close', 'daily_bar', 'bar_at_close', 'snapshot'])), name='market_regime_history_vix_source_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_regime__in', ['EXTREME_GREED', 'GREED', 'NEUTRAL', 'FEAR', 'EXTREME_FEAR'])), name='market_regime_history_put_call_regime_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_regime_index__in', ['EXTREME_GREED', 'GREED', 'NEUTRAL', 'FEAR', 'EXTREME_FEAR'])), name='market_regime_history_put_call_regime_index_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_status_index__in', ['ok', 'no_volume', 'too_few_sessions'])), name='market_regime_history_put_call_status_index_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_percentile_index__gte', 0.0), ('put_call_percentile_index__lte', 1.0)), name='market_regime_history_put_call_percentile_index_fraction'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_regime_etf__in', ['EXTREME_GREED', 'GREED', 'NEUTRAL', 'FEAR', 'EXTREME_FEAR'])), name='market_regime_history_put_call_regime_etf_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_status_etf__in', ['ok', 'no_volume', 'too_few_sessions'])), name='market_regime_history_put_call_status_etf_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_percentile_etf__gte', 0.0), ('put_call_percentile_etf__lte', 1.0)), name='market_regime_history_put_call_percentile_etf_fraction'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_regime_stock__in', ['EXTREME_GREED', 'GREED', 'NEUTRAL', 'FEAR', 'EXTREME_FEAR'])), name='market_regime_history_put_call_regime_stock_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_status_stock__in', ['ok', 'no_volume', 'too_few_sessions'])), name='market_regime_history_put_call_status_stock_known'),
        ),
        migrations.AddConstraint(
            model_name='marketregimeday',
            constraint=models.CheckConstraint(condition=models.Q(('put_call_percentile_stock__gte', 0.0), ('put_call_percentile_stock__lte', 1.0)), name='market_regime_history_put_call_percentile_stock_fraction'),
        ),
    ]
