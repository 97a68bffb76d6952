"""Findings of axe that are accepted, with the reason of each. All other findings fail the tests."""

from __future__ import annotations

ACCEPTED: tuple[tuple[str, str, str], ...] = ()  # rule, part of the element's HTML, reason


def is_accepted(rule: str, html: str) -> bool:
    """Return whether a finding of this rule is accepted for this element."""
    return any(rule == accepted and part in html for accepted, part, _ in ACCEPTED)
