"""Template tags that draw small pictures."""

from __future__ import annotations

import pytest

from web.templatetags import figures


def test_a_sparkline_is_a_step_line_with_a_dot_at_the_last_value():
    drawn = figures.sparkline([1.0, 3.0, 2.0], width=44, height=14)
    assert '<path d="M2.0,12.0H22.0V2.0H42.0V7.0"/>' in drawn
    assert '<circle cx="42" cy="7.0" r="1.8"/>' in drawn


def test_a_sparkline_is_interrupted_where_a_value_is_absent():
    assert 'd="M2.0,12.0M42.0,2.0"' in figures.sparkline([1.0, None, 3.0], width=44, height=14)


def test_a_sparkline_without_its_last_value_has_no_dot():
    assert "circle" not in figures.sparkline([1.0, 3.0, None])


@pytest.mark.parametrize("values", [[], [5.0], [None, 5.0]])
def test_fewer_than_two_values_are_no_line(values):
    assert figures.sparkline(values) == ""


@pytest.mark.parametrize(
    ("value", "low", "high", "place"),
    [(5, 0, 10, "50.00%"), (-5, 0, 10, "0.00%"), (50, 0, 10, "100.00%"), (None, 0, 1, "0%"), (1, 2, 2, "0%")],
)
def test_a_place_in_a_range_stays_within_it(value, low, high, place):
    assert figures.share_of_range(value, low, high) == place


def test_an_age_is_an_element_with_its_time():
    assert figures.age(1000) == '<span class="age" data-since-ms="1000"></span>'
    assert figures.age(None) == ""
