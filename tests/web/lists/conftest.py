"""A logged-in superuser, and readers of what a list shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.lists.addresses import listing, text


@pytest.fixture
def superuser(client):
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def listed(superuser) -> Callable[..., list[Any]]:
    """The rows in the list of a model with a query."""

    def rows(model: str, query: str = "") -> list[Any]:
        page = superuser.get(listing(model) + query)
        assert page.status_code == 200, page.headers
        return list(page.context["cl"].result_list)

    return rows


@pytest.fixture
def shown(superuser) -> Callable[..., list[dict[str, str]]]:
    """The texts of the cells in the list of a model, by heading."""

    def texts(model: str, query: str = "") -> list[dict[str, str]]:
        page = superuser.get(listing(model) + query).content.decode()
        heads, *rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
        names = [text(one) for one in re.findall(r"<th[^>]*>(.*?)</th>", heads, re.DOTALL)]
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
        return [dict(zip(names, map(text, row), strict=True)) for row in cells]

    return texts
