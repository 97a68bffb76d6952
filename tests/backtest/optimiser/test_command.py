"""What `manage.py optimize_confluence` prints of a finished optimisation."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.web.optimiser.stored import finished
from warehouse.models import Optimization

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def printed(row: Optimization) -> str:
    """Return what the command prints about an optimisation that is done, in single spaces."""
    out = StringIO()
    call_command("optimize_confluence", resume=row.pk, stdout=out)
    return " ".join(out.getvalue().split())


def test_the_end_names_the_page_on_which_weights_are_promoted():
    row = finished()
    text = printed(row)
    assert "not different from chance. In sample it seems" in text
    assert f"Weights {row.config_id} are pending: the scanner does not use them until a person" in text
    assert f"promotes them at /optimiser/{row.pk}/." in text


def test_a_result_that_no_backtest_reproduces_is_not_offered():
    text = printed(finished(is_verified=False))
    assert "other numbers: the result cannot be promoted." in text
    assert "promotes them" not in text


def test_an_optimisation_that_does_not_exist_is_named():
    with pytest.raises(CommandError, match="There is no optimisation 999999999"):
        call_command("optimize_confluence", resume=999_999_999)
