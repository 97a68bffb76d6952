from __future__ import annotations

import pytest

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import NOW, watch, words
from tests.web.optimiser.stored import EDGE, finished, running, waiting

pytestmark = [pytest.mark.database]


@pytest.fixture
def market(at_market_time, transactional_db):
    at_market_time(NOW)
    watch()


def test_x(market):
    op = logged_in(member("operator"))
    print(words(op.get("/optimiser/")))
    for row in (waiting(), running("SPY", 3, 60), running("fold 2", 3, 12), finished(), finished(EDGE)):
        print()
        a = op.get(f"/optimiser/{row.pk}/")
        print(a.status_code, words(a))
        print(op.get(f"/optimiser/{row.pk}/generations.json").content[:1500])
        print(op.get(f"/optimiser/{row.pk}/overfitting.json").content[:1500])
        print(words(op.get(f"/optimiser/{row.pk}/promote/")))
    print(words(op.get("/optimiser/")))
