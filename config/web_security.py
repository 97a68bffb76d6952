"""Settings that protect the web process: content security policy, cookies, HTTPS, failed logins."""

from __future__ import annotations

import datetime as dt

from csp import constants as csp

from config import env

# The proxy in front of the web process terminates TLS and sets X-Forwarded-Proto.
HTTPS = env.flag("HTTPS", False)

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
LOGIN_REDIRECT_URL = "admin:index"  # of a login page that was opened by its own address
CSRF_FAILURE_VIEW = "web.refusal.show_csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^api/health", r"^metrics$"]  # probes reach the process without the proxy
SECURE_HSTS_SECONDS = 365 * 86_400 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
)  # HSTS for the subdomains and for the browsers' list is a decision of the owner of the domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# unfold's scripts (Alpine) evaluate expressions in attributes, and its markup has style attributes.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.SELF],
        "script-src": [csp.SELF, csp.UNSAFE_EVAL],
        "style-src": [csp.SELF, csp.UNSAFE_INLINE],
        "img-src": [csp.SELF, "data:", "blob:"],
        "connect-src": [csp.SELF],
        "object-src": [csp.NONE],
        "base-uri": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
    }
}

# Failed logins are counted by user name and address together, in PostgreSQL: nobody can lock out all users behind one
# address, or a user at another address. Behind a proxy all have its address, so the user name alone decides.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses before the password is compared
    "django.contrib.auth.backends.ModelBackend",
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else a stranger could lock a user out for good
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "web.lockout.show_lockout"
AXES_USERNAME_CALLABLE = "web.lockout.user_name"
AXES_SENSITIVE_PARAMETERS = ["username"]  # of log lines: some type their password in the wrong field
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
