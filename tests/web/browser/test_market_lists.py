"""The lists and rows of market data in a real browser. The others are a file of their own, for another process."""

from __future__ import annotations

import pytest

from tests.web.admin.rows import READ_ONLY
from tests.web.browser.admin_lists import check_lists

pytestmark = [pytest.mark.browser]


def test_lists_and_rows_of_market_data_have_no_finding(open_browser, superuser):
    check_lists(open_browser(superuser), READ_ONLY[: len(READ_ONLY) // 2])
