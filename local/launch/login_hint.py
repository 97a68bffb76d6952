"""`python -m local.launch.login_hint URL`: print the address of the dashboard and how to log in.

The password in ADMIN_PASSWORD is shown only if it is still that of the admin user.
"""

from __future__ import annotations

import os
import sys

import django


def login_hint(password: str) -> str:
    """Return how to log in, in one sentence. Requires `django.setup()`."""
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.filter(username="admin").first()
    if user is not None and password and user.check_password(password):
        return f"log in as admin with the password {password}"
    return "log in with the password that was shown when the admin user was created, or that you set"


def main() -> None:
    """Print two lines."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.stdout.write(
        f"\nDashboard  {sys.argv[1]}\n           {login_hint(os.environ.get('ADMIN_PASSWORD', ''))}\n"
    )


if __name__ == "__main__":
    main()
