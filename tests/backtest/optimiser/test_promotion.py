"""Promotions at the same moment, reasons against a promotion, and names of restored weights."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from backtest.optimiser import promotion
from tests.backtest.optimiser.promotable import optimization
from tests.roles import run
from warehouse.models import ConfluenceConfig, Optimization

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def promote_and_close(optimization_id: int) -> str:
    try:
        promotion.promote(optimization_id, "ben", 2)
    except promotion.NotPromotedError as error:
        return str(error)
    finally:
        connection.close()
    return ""


def test_of_two_promotions_at_the_same_moment_one_is_refused():
    first, second = optimization(), optimization()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            promotion.promote(first.id, "ann", 1)
            other = pool.submit(promote_and_close, second.id)
            until = time.monotonic() + 60
            while not run("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert time.monotonic() < until
        assert other.result() == "Other weights became active at the same moment: look at them first."
    active = ConfluenceConfig.objects.get(status="active")
    assert (active.id, active.promoted_by) == (first.config_id, "ann")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"config": None}, "has no weights: wait until it is done."),
        ({"is_verified": False}, "A backtest did not give the numbers of this optimisation"),
        ({"code_version": "old"}, "The code has changed since"),
    ],
)
def test_a_result_that_cannot_be_promoted_says_why(changed, sentence):
    row = optimization()
    assert promotion.refusal(row) == ""
    Optimization.objects.update(**changed)
    row = Optimization.objects.select_related("config").get()
    assert sentence in promotion.refusal(row)
    with pytest.raises(promotion.NotPromotedError, match=sentence):
        promotion.promote(row.id, "ann", 1)
    assert not ConfluenceConfig.objects.filter(status="active").exists()


def test_weights_that_are_restored_twice_have_one_addition_to_their_name():
    config = promotion.promote(optimization().id, "ann", 1)
    with pytest.raises(promotion.NotPromotedError, match="The weights of optimisation 1 are active already"):
        promotion.restore(config.id, "ann", 2)
    assert promotion.restore(None, "ann", 2) is None
    restored = promotion.restore(config.id, "ann", 3)
    assert promotion.restore(None, "ann", 4) is None
    again = promotion.restore(restored.id, "ann", 5)
    assert (restored.name, again.name) == ("optimisation 1, restored", "optimisation 1, restored")
