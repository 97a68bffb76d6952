"""Addresses of lists, the text of markup, and a day that has ended."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.html import strip_tags

from quant.sessions import NEW_YORK, new_york_date
from warehouse import clock


def listing(model: str) -> str:
    return reverse(f"admin:warehouse_{model}_changelist")


def text(markup: str) -> str:
    return strip_tags(markup).strip()


def yesterday_ms() -> int:
    """Return when yesterday began in New York, epoch ms, so that all hours of the day are past."""
    yesterday = new_york_date(clock.now()) - dt.timedelta(days=1)
    return clock.epoch_ms(dt.datetime.combine(yesterday, dt.time(), NEW_YORK))
