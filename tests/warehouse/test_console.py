from __future__ import annotations

import io

from warehouse.console import console_on


def test_without_a_terminal_a_table_has_room(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert console_on(io.StringIO()).width == 160


def test_it_prints_where_it_is_told():
    output = io.StringIO()
    console_on(output).print("a line")
    assert output.getvalue() == "a line\n"
