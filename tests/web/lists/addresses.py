"""Addresses of lists, and the text of markup."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import strip_tags


def listing(model: str) -> str:
    return reverse(f"admin:warehouse_{model}_changelist")


def text(markup: str) -> str:
    return strip_tags(markup).strip()
