"""The charts of a chain as the provider sends it agree with the snapshot that ingestion stored."""

from __future__ import annotations

import pytest

from ingestion.chains.ingest import ingest_chain
from tests.ingestion.audited import chain_at
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.ingestion.fixtures import provider as provider
from tests.ingestion.fixtures import spx as spx
from tests.ingestion.market import CHAIN_PATH, SLOT, SLOT_MS
from tests.provider.server import ok
from warehouse import clock
from warehouse.models import GammaExposure
from web.charts.documents.gamma import gamma_document
from web.charts.documents.profile import profile_document
from web.charts.documents.slot_chain import BUCKETS, forget_chains

pytestmark = pytest.mark.database


@pytest.fixture
def snapshot(spx, provider):
    forget_chains()
    provider.tell(CHAIN_PATH, ok(chain_at(SLOT, seed=5)))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    return GammaExposure.objects.get()


def test_the_profile_at_spot_is_what_the_snapshot_was_repriced_to(snapshot):
    table = snapshot.sensitivity["conventions"]
    middle = profile_document("SPX", SLOT_MS + 60_000).rows[80]
    scale = table["naive"]["gross"] / table["volume_weighted"]["gross"]
    assert middle[1:4] == pytest.approx(
        [
            table["naive"]["net_repriced"],
            table["volume_weighted"]["net_repriced"] * scale,
            table["own_gamma"]["net_repriced"],
        ],
        rel=1e-6,
    )


def test_the_buckets_add_up_to_the_snapshot_at_every_strike(snapshot):
    nets: dict[float, float] = {}
    for bucket in BUCKETS:
        if bucket != "all":
            for strike, _, _, net, *_ in gamma_document(
                "SPX", SLOT_MS + 60_000, bucket=bucket, all_strikes=True
            ).rows:
                nets[strike] = nets.get(strike, 0.0) + net
    stored = {
        float(strike): sums["net"] for strike, sums in snapshot.gamma_by_strike.items() if any(sums.values())
    }
    assert nets == pytest.approx(stored, rel=1e-6)


def test_the_net_of_the_buckets_adds_up_to_the_net_of_the_snapshot(snapshot):
    document = gamma_document("SPX", SLOT_MS + 60_000)
    everything, *parts = document.parts["buckets"]
    assert everything["net"] == pytest.approx(float(snapshot.total_gamma))
    assert sum(one["net"] or 0.0 for one in parts) == pytest.approx(float(snapshot.total_gamma), rel=1e-9)
