"""Variance index with the diagnostics of its strips, realized volatility and variance risk premium."""

import warehouse.models.columns
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0023_open_interest_change'),
    ]

    operations = [
        migrations.AddField(
            model_name='ivpercentile',
            name='realized_status',
            field=models.TextField(blank=True, choices=[('ok', 'Ok'), ('no_bars', 'No Bars')], db_comment='why realized_volatility_20d is present or null; null in older rows; one of ok, no_bars', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='realized_volatility_20d',
            field=models.FloatField(blank=True, db_comment='Yang-Zhang volatility of 20 sessions; fraction per year', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_high_cut',
            field=models.TextField(blank=True, choices=[('two_zero_bids', 'Two Zero Bids'), ('end_of_list', 'End Of List')], db_comment='why the strip ends at the highest strike; one of two_zero_bids, end_of_list', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_highest_strike',
            field=warehouse.models.columns.MoneyField(blank=True, db_comment='highest strike that both strips reach; dollars or index points', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_index',
            field=models.FloatField(blank=True, db_comment="30-day volatility of Cboe's VIX method, from all strikes; fraction per year", null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_low_cut',
            field=models.TextField(blank=True, choices=[('two_zero_bids', 'Two Zero Bids'), ('end_of_list', 'End Of List')], db_comment='why the strip ends at the lowest strike; one of two_zero_bids, end_of_list', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_lowest_strike',
            field=warehouse.models.columns.MoneyField(blank=True, db_comment='lowest strike that both strips reach; dollars or index points', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_quotes',
            field=models.IntegerField(blank=True, db_comment='quotes used in both strips; quotes', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_risk_premium',
            field=models.FloatField(blank=True, db_comment='variance_index squared minus realized_volatility_20d squared; variance per year', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_status',
            field=models.TextField(blank=True, choices=[('ok', 'Ok'), ('truncated', 'Truncated'), ('no_bracket', 'No Bracket'), ('no_quotes', 'No Quotes')], db_comment='quality of variance_index, or why it is null; null in older rows; one of ok, truncated, no_bracket, no_quotes', null=True),
        ),
        migrations.AddField(
            model_name='ivpercentile',
            name='variance_truncation',
            field=models.FloatField(blank=True, db_comment="what the missing tails would add to variance_index at the last strikes' volatility; fraction per year", null=True),
        ),
        migrations.AddConstraint(
            model_name='ivpercentile',
            constraint=models.CheckConstraint(condition=models.Q(('variance_status__in', ['ok', 'truncated', 'no_bracket', 'no_quotes'])), name='iv_percentile_cache_variance_status_known'),
        ),
        migrations.AddConstraint(
            model_name='ivpercentile',
            constraint=models.CheckConstraint(condition=models.Q(('variance_low_cut__in', ['two_zero_bids', 'end_of_list'])), name='iv_percentile_cache_variance_low_cut_known'),
        ),
        migrations.AddConstraint(
            model_name='ivpercentile',
            constraint=models.CheckConstraint(condition=models.Q(('variance_high_cut__in', ['two_zero_bids', 'end_of_list'])), name='iv_percentile_cache_variance_high_cut_known'),
        ),
        migrations.AddConstraint(
            model_name='ivpercentile',
            constraint=models.CheckConstraint(condition=models.Q(('realized_status__in', ['ok', 'no_bars'])), name='iv_percentile_cache_realized_status_known'),
        ),
    ]
