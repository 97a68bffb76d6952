"""Consoles for the output of commands."""

from __future__ import annotations

import io

from warehouse.console import console_on


def test_the_console_is_160_columns_wide_without_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert console_on(io.StringIO()).width == 160


def test_the_console_prints_to_the_given_stream():
    output = io.StringIO()
    console_on(output).print("a line")
    assert output.getvalue() == "a line\n"
