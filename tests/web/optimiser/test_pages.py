"""Pages of the optimiser: states, numbers in sample and out of sample, weights, charts, permissions."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backtest.optimiser import run
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import NOW, NOW_MS, watch, words
from tests.web.optimiser.stored import EDGE, NOISE, finished, running, waiting
from web import formats

pytestmark = [pytest.mark.database]


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_an_empty_warehouse_says_what_to_do(market):
    viewer = words(logged_in(member("viewer")).get("/optimiser/"))
    assert "No optimisation yet An operator can run one here." in viewer
    operator = words(logged_in(member("operator")).get("/optimiser/"))
    assert "No optimisation yet Choose symbols and a range above." in operator
    assert "Weights of the scanner the default ones" in operator
    assert "default weights ACTIVE" in operator


def test_unfinished_and_ended_optimisations_say_where_they_are(market):
    viewer = logged_in(member("viewer"))
    rows = [waiting(), running("SPY", 30, 60), running("fold 2", 3, 12), waiting(), waiting()]
    run.cancel(rows[3].pk, NOW_MS)
    run.fail(rows[4].pk, "MemoryError: no memory", NOW_MS)
    texts = [words(viewer.get(f"/optimiser/{row.pk}/")) for row in rows]
    assert "WAITING not started" in texts[0]
    assert "It waits for a worker of backtests." in texts[0]
    assert "RUNNING SPY, 30 of 60 sessions Backtest of all firings SPY, 30 of 60 sessions" in texts[1]
    assert "RUNNING test 2 of 3, generation 3 of 12 Backtest of all firings done" in texts[2]
    assert "CANCELED not started" in texts[3]
    assert "FAILED not started MemoryError: no memory" in texts[4]
    listed = words(viewer.get("/optimiser/"))
    assert listed.count("not started") == 3
    for text in (*texts, listed):
        assert "nan" not in text.lower().split()
        assert "None" not in text.replace("None chosen", "")
    progress = viewer.get(f"/optimiser/{rows[1].pk}/progress.json").json()
    assert progress["live"]
    assert 'style="width:75%"' in progress["html"]  # SPY is the second of two symbols
    assert viewer.get("/optimiser/rows.json").json()["live"]
    assert not viewer.get(f"/optimiser/{rows[4].pk}/progress.json").json()["live"]


def test_numbers_in_sample_stand_beside_those_out_of_sample(market):
    row = finished()
    text = words(logged_in(member("viewer")).get(f"/optimiser/{row.pk}/"))
    tests, luck = row.result["walk_forward"], row.result["overfitting"]
    for name, side in (("Out of sample, expected", "out_of_sample"), ("In sample, no forecast", "in_sample")):
        assert f"{name} {formats.percent(tests[side]['share'], 1)}" in text
    assert "Random entries, same exits 40.0 %" in text
    assert f"Walk-forward efficiency {tests['efficiency']:.2f}" in text
    assert f"Deflated Sharpe ratio {formats.percent(luck['deflated_sharpe'], 1)} probabilistic" in text
    assert f"Probability of overfitting {formats.percent(luck['probability'], 1)}" in text
    assert "1,234 sets of weights tried" in text
    assert "NOT DIFFERENT FROM CHANCE CHECKED BY A BACKTEST data 7f3a91c2" in text
    assert "A promotion asks twice, because these weights have not shown an advantage." in text
    fold = row.result["folds"][0]
    assert (
        f"9 Mar 2026 to 27 Mar 2026 15 {formats.percent(fold['in_sample']['win_rate']['share'], 1)}" in text
    )
    assert f"{tests['positive_folds']} of 3 with a profit" in text


def test_an_advantage_is_named_and_combinations_are_a_line_of_their_own(market):
    row = finished(EDGE, True)
    text = words(logged_in(member("viewer")).get(f"/optimiser/{row.pk}/"))
    assert "ABOVE CHANCE CHECKED BY A BACKTEST" in text
    assert "asks twice" not in text
    assert "6 combinations of blocks 90" in text
    assert "An operator can promote them." in text


def test_a_result_without_an_outcome_has_dashes_for_numbers(market):
    row = finished(NOISE, False, False)
    viewer = logged_in(member("viewer"))
    page = viewer.get(f"/optimiser/{row.pk}/")
    text = words(page)
    assert "Out of sample, expected – –, n = 0" in text
    assert "Walk-forward efficiency –" in text
    assert "no outcome" in text
    assert "no weights kept all limits in sample" in text
    assert "out of sample an unknown share of their signals won" in text
    for chart in ("generations", "overfitting"):
        assert viewer.get(f"/optimiser/{row.pk}/{chart}.json").status_code == 200
    assert "NaN" not in page.content.decode()
    assert "None" not in text


def test_a_result_that_no_backtest_reproduces_says_so(market):
    row = finished(is_verified=False)
    text = words(logged_in(member("operator")).get(f"/optimiser/{row.pk}/"))
    assert "NOT REPRODUCED" in text
    assert "A backtest did not give the numbers of this optimisation: it cannot be promoted." in text
    assert "Promote…" not in text


def test_a_result_without_luck_says_why(market):
    row = finished()
    row.result = row.result | {"overfitting": None}
    row.save()
    viewer = logged_in(member("viewer"))
    assert "Deflated Sharpe ratio – needs four sessions with data" in words(
        viewer.get(f"/optimiser/{row.pk}/")
    )
    assert viewer.get(f"/optimiser/{row.pk}/overfitting.json").json()["empty"]["reason"]


def test_lists_read_no_large_column_and_few_queries(market):
    for _ in range(3):
        finished()
    viewer = logged_in(member("viewer"))
    viewer.get("/optimiser/")
    with CaptureQueriesContext(connection) as queries:
        viewer.get("/optimiser/rows.json")
    (sql,) = [one["sql"] for one in queries if '"optimizations"' in one["sql"]]
    chosen = sql.partition(" FROM ")[0]
    for name in ("state", "generations", "result"):
        assert f'"optimizations"."{name}",' not in chosen
    with CaptureQueriesContext(connection) as queries:
        viewer.get("/optimiser/")
    assert len(queries) <= 12


def test_charts_are_served_as_json_and_csv(market):
    row = finished()
    viewer = logged_in(member("viewer"))
    document = viewer.get(f"/optimiser/{row.pk}/generations.json")
    assert document.json()["parts"]["fits"] == ["Test 1", "Test 2", "Test 3", "All sessions"]
    assert len(document.json()["rows"]) == 13
    again = viewer.get(f"/optimiser/{row.pk}/generations.json", headers={"If-None-Match": document["ETag"]})
    assert again.status_code == 304
    rows = list(csv.reader(io.StringIO(viewer.get(f"/optimiser/{row.pk}/overfitting.csv").content.decode())))
    assert rows[0] == ["Rank of the best weights", "Splits", "Share (0 to 1)"]
    assert sum(int(line[1]) for line in rows[1:]) == 70
    result = viewer.get(f"/optimiser/{row.pk}/result.json").json()
    assert (result["optimization"], result["trials"], result["verified"]) == (row.pk, 1234, True)
    assert viewer.get(f"/optimiser/{row.pk}/x.json").status_code == 404
    assert viewer.get(f"/optimiser/{waiting().pk}/overfitting.json").status_code == 404


def test_hostile_addresses_are_not_found(market):
    operator = logged_in(member("operator"))
    long = "9" * 20
    paths = ("", "progress.json", "generations.json", "overfitting.csv", "result.json", "promote/")
    for path in (*(f"{long}/{name}" for name in paths), "x/", "999999999/", f"weights/{long}/restore/"):
        assert operator.get(f"/optimiser/{path}").status_code == 404, path
    for path in (f"{long}/cancel/", f"{long}/resume/", f"{long}/promote/", f"weights/{long}/restore/"):
        assert operator.post(f"/optimiser/{path}").status_code == 404, path
    assert operator.get("/optimiser/%00/").status_code == 400
    assert operator.get("/optimiser/?x=%00").status_code == 400


def test_pages_and_data_need_the_permission_to_view_optimisations(market, client):
    row = finished()
    assert client.get("/optimiser/").url == "/admin/login/?next=/optimiser/"
    assert client.get(f"/optimiser/{row.pk}/generations.json").status_code == 401
    clerk = logged_in(User.objects.create_user("clerk", is_staff=True))
    for path in ("", f"{row.pk}/", f"{row.pk}/generations.json", f"{row.pk}/result.json", "rows.json"):
        assert clerk.get(f"/optimiser/{path}").status_code == 403, path
    assert "To see optimisations you need the group viewer." in words(clerk.get("/optimiser/"))
    assert "/optimiser/" not in clerk.get("/admin/").content.decode()
    assert "/optimiser/" in logged_in(member("viewer")).get("/admin/").content.decode()
