"""The lists and rows of the admin in a real browser."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from tests.web.admin.rows import add_one_row_each
from tests.web.browser.checked_page import TWO_LOOKS, CheckedPage


def check_lists(checked: CheckedPage, models: Sequence[str]) -> None:
    """Check the list of each model and the page of its row, with one row in each table."""
    rows = add_one_row_each()
    for model in models:
        checked.open(reverse(f"admin:warehouse_{model}_changelist"))
        checked.check(f"list-{model}", TWO_LOOKS)
        if model in rows:
            checked.open(reverse(f"admin:warehouse_{model}_change", args=[rows[model].pk]))
            checked.check(f"row-{model}", TWO_LOOKS)
