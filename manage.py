#!/usr/bin/env python
"""Django's entry point: `manage.py <command>`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line of Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
