"""`manage.py check_provider`: show what the configured key is entitled to, by endpoint."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provider.client import MassiveClient
from provider.entitlements import Finding, Status, chains_work, consequences, findings
from provider.errors import ProviderError
from provider.rate_limit import limiter_for
from provider.retry import RetryPolicy
from warehouse.console import console_on

_STYLES = {
    Status.YES: "green",
    Status.NOT_IN_PLAN: "yellow",
    Status.NO_DATA: "yellow",
    Status.FAILED: "red",
}


class Command(BaseCommand):
    help = "Send one small request to each endpoint and show what the key is entitled to."
    requires_system_checks = []  # must run before there is a database

    def handle(self, *args: Any, **options: Any) -> None:
        report: list[Finding] = []
        console = console_on(self.stdout)
        progress = Console(stderr=True)
        try:
            with self._client() as client, progress.status("sending requests") as status:
                for finding in findings(client):
                    report.append(finding)
                    status.update(f"{len(report)} answers")
        except ProviderError as error:
            raise CommandError(str(error)) from None
        finally:
            if report:
                console.print(self._table(report))
                for sentence in consequences(report):
                    console.print(sentence)
        if not chains_work(report):
            raise CommandError("No option chain is available with this key, so nothing can be ingested.")

    def _client(self) -> MassiveClient:
        limiter = limiter_for(
            settings.MASSIVE_BASE_URL, settings.REDIS_URL, settings.MASSIVE_REQUESTS_PER_SECOND
        )
        return MassiveClient(
            settings.MASSIVE_BASE_URL,
            settings.MASSIVE_API_KEY,
            limiter,
            retry=RetryPolicy(attempts=3, base_seconds=0.1, deadline_seconds=60),
        )

    def _table(self, report: list[Finding]) -> Table:
        title = f"{settings.MASSIVE_BASE_URL}{', SIMULATED' if settings.SIMULATED else ''}"
        table = Table(title=title, title_justify="left")
        for heading in ("endpoint or field", "available", "detail"):
            table.add_column(heading, overflow="fold")
        for finding in report:
            table.add_row(*_cells(finding))
        return table


def _cells(finding: Finding) -> tuple[Text, Text, Text]:
    # Text instead of markup, because the provider's messages may contain brackets.
    return Text(finding.what), Text(finding.status, _STYLES[finding.status]), Text(finding.detail)
