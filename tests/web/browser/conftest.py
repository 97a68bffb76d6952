"""A browser for each process of the tests, and checked pages of a live server with a logged-in user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.chromium import chromium
from tests.partitions import drop_partitions

SECONDS = 15_000  # ms: the longest wait for one event of a page


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless browser. It is shared by the tests of this folder, because its start takes a second.

    Playwright's synchronous interface runs an event loop in this thread, in which Django refuses to use the database
    and tests elsewhere could not start a loop of their own. It therefore ends with the folder.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # no coroutine runs here, so no query can block one
        started = playwright.chromium.launch(executable_path=chromium())
        yield started
        started.close()


@pytest.fixture
def open_browser(browser: Browser, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Makes checked pages, each in a browser context of its own; their problems fail the test at its end.

    `open_browser(user, **options)` logs a user in, None for nobody. Options are those of a Playwright context, for
    example `timezone_id="Asia/Tokyo"`.
    """
    from tests.web.browser.checked_page import DESK, CheckedPage

    contexts: list[BrowserContext] = []
    pages: list[CheckedPage] = []

    def start(user: Any = None, **options: Any) -> CheckedPage:
        defaults = {"viewport": {"width": DESK, "height": 900}, "reduced_motion": "reduce"}
        context = browser.new_context(**(defaults | options))
        context.set_default_timeout(SECONDS)
        contexts.append(context)
        if user:
            context.add_cookies([session_cookie(user, live_server.url)])
        pages.append(CheckedPage(context.new_page(), live_server.url))
        return pages[-1]

    yield start
    for context in contexts:
        context.close()
    drop_partitions()
    for page in pages:
        page.fail_for_problems()


@pytest.fixture
def superuser(transactional_db: None) -> Any:
    from django.contrib.auth.models import User

    return User.objects.create_superuser("root", password="correct horse battery")


def session_cookie(user: Any, address: str) -> dict[str, str]:
    """Return the cookie of a new login session of the user."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": address,
    }
