"""Grouping of contracts by settlement: a root and an instant."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quant.chains import make_chain


def test_roots_that_settle_together_are_different_settlements() -> None:
    chain = make_chain(
        np.array([15.0, 15.0, 15.0, 15.0]),
        np.array([True, True, False, True]),
        root=["T1", "T", "T", "T"],
        years=[0.1, 0.1, 0.1, 0.2],
    )
    member, first = chain.groups()
    assert member.tolist() == [1, 0, 0, 2]
    assert chain.root[first].tolist() == ["T", "T1", "T"]
    assert chain.years[first].tolist() == [0.1, 0.1, 0.2]


def test_groups_are_in_order_of_time_root_and_column() -> None:
    chain = make_chain(
        np.array([20.0, 10.0, 10.0, 20.0]),
        np.array([True, True, False, False]),
        root=["B", "A", "A", "B"],
        years=[0.1, 0.2, 0.2, 0.1],
    )
    member, first = chain.groups(chain.is_call)
    assert member.tolist() == [1, 3, 2, 0]
    assert first.tolist() == [3, 0, 2, 1]


def test_an_empty_chain_has_no_groups() -> None:
    member, first = make_chain(np.empty(0), np.empty(0, dtype=bool)).groups()
    assert len(member) == len(first) == 0


@pytest.mark.parametrize(("forward", "rate"), [(np.nan, 0.05), (101.0, np.nan), (-1.0, 0.05)])
def test_a_contract_without_forward_is_carried_at_spot(forward: float, rate: float) -> None:
    chain = make_chain(np.array([100.0]), np.array([True]), spot=100.0, forward=forward, rate=rate)
    assert [column.tolist() for column in chain.carry] == [[100.0], [0.0]]


def test_a_known_forward_and_its_rate_are_the_carry() -> None:
    chain = make_chain(np.array([100.0]), np.array([True]), spot=100.0, forward=101.0, rate=0.05)
    assert [column.tolist() for column in chain.carry] == [[101.0], [0.05]]
