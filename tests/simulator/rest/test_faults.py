"""Injected faults of REST responses."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.simulator.servers import Server, offset_ms

PATH = "/v3/snapshot/options/IWM"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client
        client.delete("/simulator/faults").raise_for_status()


def add_fault(client: httpx.Client, kind: str, **more: object) -> None:
    client.post("/simulator/faults", json={"path": "options/IWM", "kind": kind} | more).raise_for_status()


def test_a_rate_limit_with_retry_after_applies_the_given_number_of_times(client: httpx.Client) -> None:
    add_fault(client, "status", status=429, retry_after="2", times=2)
    answers = [client.get(PATH) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "2"


def test_a_server_error_has_no_retry_after(client: httpx.Client) -> None:
    add_fault(client, "status", status=500)
    answer = client.get(PATH)

    assert answer.status_code == 500
    assert "retry-after" not in answer.headers


def test_faults_do_not_apply_to_other_paths(client: httpx.Client) -> None:
    add_fault(client, "status")

    assert client.get("/v1/marketstatus/now").status_code == 200


def test_a_later_page_can_be_missing(client: httpx.Client) -> None:
    add_fault(client, "missing-page", skip=1)
    page = client.get(PATH).json()

    assert client.get(page["next_url"]).status_code == 404
    assert client.get(page["next_url"]).status_code == 200


def test_a_timeout_sends_no_response(client: httpx.Client) -> None:
    add_fault(client, "timeout", seconds=1.0)

    with pytest.raises(httpx.ReadTimeout):
        client.get(PATH, timeout=0.05)


def test_a_body_can_be_truncated_or_html(client: httpx.Client) -> None:
    add_fault(client, "truncate")
    with pytest.raises(json.JSONDecodeError):
        client.get(PATH).json()
    add_fault(client, "not-json")
    assert client.get(PATH).text.startswith("<html>")


def test_results_and_next_url_can_be_omitted_or_changed(client: httpx.Client) -> None:
    add_fault(client, "no-results")
    assert "results" not in client.get(PATH).json()
    add_fault(client, "end-early")
    assert "next_url" not in client.get(PATH).json()
    add_fault(client, "foreign-next-url")
    assert httpx.URL(client.get(PATH).json()["next_url"]).host == "192.0.2.1"


def test_rows_can_contain_nan_or_other_values(client: httpx.Client) -> None:
    add_fault(client, "nan")
    assert '"open_interest":NaN' in client.get(PATH).text
    add_fault(
        client, "patch", patch={"last_quote": {"bid": -1.5}, "details": {"ticker": "O:ZZZ260320C00001000"}}
    )
    row = client.get(PATH).json()["results"][0]
    assert row["last_quote"]["bid"] == -1.5
    assert row["last_quote"]["ask"] > 0
    assert row["details"]["ticker"] == "O:ZZZ260320C00001000"


def test_requests_are_counted_per_path(client: httpx.Client) -> None:
    before = client.get("/simulator/requests").json().get(PATH, 0)
    client.get(PATH)
    client.get(f"{PATH}?limit=2")

    assert client.get("/simulator/requests").json()[PATH] == before + 2


def test_the_clock_can_be_changed(client: httpx.Client) -> None:
    now = client.post("/simulator/clock", json={"offset_ms": 0}).json()
    moved = client.get("/v1/marketstatus/now").json()["serverTime"]
    client.post("/simulator/clock", json={"offset_ms": offset_ms()}).raise_for_status()

    assert now["clock_offset_ms"] == 0
    assert not moved.startswith("2026-03-12T11:3")
    assert client.get("/v1/marketstatus/now").json()["serverTime"].startswith("2026-03-12T11:3")


@pytest.mark.parametrize(
    "body", [{"path": "x", "kind": "nonsense"}, {"kind": "nan"}, {"path": "(", "kind": "nan"}]
)
def test_an_invalid_fault_is_rejected(client: httpx.Client, body: dict) -> None:
    assert client.post("/simulator/faults", json=body).status_code == 400
