"""docs/schema.md equals the output of `manage.py schema_page` for the migrated database."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.roles import run

pytestmark = [pytest.mark.database, pytest.mark.django_db]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "schema.md"


def printed() -> list[str]:
    out = StringIO()
    call_command("schema_page", stdout=out)
    return out.getvalue().splitlines()


def test_the_schema_page_is_up_to_date():
    # Update the page: .venv/bin/python manage.py schema_page > docs/schema.md
    assert printed() == PAGE.read_text(encoding="utf-8").splitlines()


def test_a_changed_column_comment_changes_one_line_of_the_page():
    before = printed()
    run("COMMENT ON COLUMN watchlist.symbol IS 'changed | by a test; no unit'")
    after = printed()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new for _, new in changed] == ["| `symbol` | text |  |  | changed &#124; by a test; no unit |"]


def test_partitioned_tables_show_unit_key_and_retention():
    page = "\n".join(printed())
    section = page.partition("\n## `historical_bars`\n")[2].partition("\n## ")[0]
    assert "- Primary key: symbol, timeframe, timestamp\n" in section
    assert "- Partitions: range of `timestamp`, one per month\n" in section
    assert (
        "- Retention: partitions are dropped after 1826 days; rows with `timeframe` = `1m` or `symbol` starts with"
        " `O:`, except those with `source` = `import`, are deleted after 365 days, by `timestamp`; rows, except those"
        " with `source` = `import`, are deleted after 1857 days, by `timestamp`\n"
    ) in section
