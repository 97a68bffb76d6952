"""Settings: the only module that reads the environment. Units stand in the names or beside the values.

`DATABASE_URL` and `REDIS_URL` name the servers of a deployment. With neither set, the embedded stack that
`make up` or `make demo` runs in this clone is found through `.local/stack.json`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from config import env, logs
from config.admin_theme import UNFOLD  # noqa: F401  # read by unfold
from config.web_security import *  # noqa: F403  # settings of Django
from local.launch.stack import running
from warehouse.task_names import CeleryTask

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

# -- the servers ---------------------------------------------------------------------------------------
_database_url = env.secret("DATABASE_URL")
_redis_url = env.secret("REDIS_URL")
_stack = None
if bool(_database_url) != bool(_redis_url):
    env.refuse("set both DATABASE_URL and REDIS_URL, or neither to use the embedded stack.")
if not _database_url:
    _stack = running(LOCAL_DIR)
    if _stack is None:
        env.refuse("no database: run `make up`, or set DATABASE_URL and REDIS_URL.")
    _database_url, _redis_url = _stack.database_url, _stack.redis_url

# The role a process takes on after login: warehouse_writer (workers, beat, consumer), warehouse_web (web),
# warehouse_reader. Empty is the login itself, which owns the schema: migrations and the operator's commands.
DATABASE_ROLE = env.text("DATABASE_ROLE")
PROCESS_NAME = env.text("PROCESS_NAME", "warehouse")  # shown in pg_stat_activity

# One clock for all processes and for SQL (`warehouse_now_ms()`): milliseconds added to the real time.
CLOCK_OFFSET_MS = env.integer("CLOCK_OFFSET_MS", _stack.clock_offset_ms if _stack else 0)

_session = {
    "TimeZone": "UTC",
    "warehouse.clock_offset_ms": str(CLOCK_OFFSET_MS),
    # A statement whose client was killed ends with it, and holds neither locks nor a core for minutes more.
    "client_connection_check_interval": "2000",  # ms
    # The default compares each statement with the CHECK constraints of every partition, a fifth of the planning time of
    # statements about all days. No constraint here excludes a partition: bounds are not constraints.
    "constraint_exclusion": "off",
}
if DATABASE_ROLE:
    _session["role"] = DATABASE_ROLE

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **env.database(_database_url),
        "CONN_MAX_AGE": 300,  # seconds; Celery tasks reuse it too, see config.celery
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": PROCESS_NAME,
            "options": " ".join(f"-c {name}={value}" for name, value in _session.items()),
            "connect_timeout": 5,  # seconds
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,  # ms: a peer that vanished is noticed in half a minute
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- the provider --------------------------------------------------------------------------------------
REDIS_URL = _redis_url
MASSIVE_API_KEY = env.secret("MASSIVE_API_KEY", "simulated" if _stack and _stack.simulated else "")
MASSIVE_BASE_URL = env.text(
    "MASSIVE_BASE_URL", _stack.massive_base_url if _stack else "https://api.massive.com"
)
MASSIVE_STREAM_URL = env.text(
    "MASSIVE_STREAM_URL", _stack.massive_stream_url if _stack else "wss://socket.massive.com"
)
# Shared by all workers. Unset or 0 it is None: 5 for a provider elsewhere, no limit for one on this machine.
MASSIVE_REQUESTS_PER_SECOND = env.number("MASSIVE_REQUESTS_PER_SECOND", 0.0) or None
# Clusters beside "options" that price underlyings live, where the plan has them: indices, stocks.
FLOW_UNDERLYING_STREAMS = env.listing("FLOW_UNDERLYING_STREAMS")
# Where the consumer keeps batches while Redis is away or the workers are behind, and how much of it.
FLOW_SPOOL_DIRECTORY = env.text("FLOW_SPOOL_DIRECTORY", str(LOCAL_DIR / "spool"))
FLOW_SPOOL_MAX_BYTES = env.integer("FLOW_SPOOL_MAX_BYTES", 4 * 2**30)
SIMULATED = env.flag("SIMULATED", bool(_stack and _stack.simulated))

# Where alerts are posted, a secret: Discord's webhooks and what takes the same JSON. Empty sends none.
ALERT_WEBHOOK_URL = env.secret("ALERT_WEBHOOK_URL")

# -- pricing -------------------------------------------------------------------------------------------
# Continuous interest rate per year where no curve of dollar rates of the last five sessions is stored.
FLAT_RATE = env.number("FLAT_RATE", 0.04)

# -- live trades ----------------------------------------------------------------------------------------
# Quotes of trades in sweeps and of trades above this premium (dollars) are requested where the stream had none, with at
# most so many requests per second, and only while no chain or bar waits for the provider. 0 requests none.
FLOW_QUOTE_PREMIUM = env.number("FLOW_QUOTE_PREMIUM", 25_000.0)
FLOW_QUOTE_REQUESTS_PER_SECOND = env.number("FLOW_QUOTE_REQUESTS_PER_SECOND", 2.0)
FLOW_MINIMUM_CONTRACTS = env.integer(
    "FLOW_MINIMUM_CONTRACTS", 10
)  # smaller trades outside clusters are not kept

# -- signals --------------------------------------------------------------------------------------------
# How contexts change scores: default, phase1, document3 or neutral_gamma; and the score below which a firing is stored
# but is no signal.
SIGNAL_PROFILE = env.one_of("SIGNAL_PROFILE", "default", ("default", "phase1", "document3", "neutral_gamma"))
SIGNAL_MINIMUM_SCORE = env.number("SIGNAL_MINIMUM_SCORE", 60.0)
# A new signal with this score or more is alerted, and shown as ready on pages. In the quiet hours of New York, such as
# 20:00-08:00, alerts of signals are stored and not sent.
ALERT_SCORE = env.number("ALERT_SCORE", 75.0)
ALERT_QUIET_HOURS = env.hours("ALERT_QUIET_HOURS")
# Minutes by which the provider's bars are late in the plan. Every bar is evaluated so much later.
SIGNAL_DELAY_MS = int(env.number("SIGNAL_DELAY_MINUTES", 0.0) * 60_000)

# -- Django --------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("SECRET_KEY", _stack.secret_key if _stack else "")
if not SECRET_KEY:
    env.refuse("set SECRET_KEY to a long random text.")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
INSTALLED_APPS = [
    "web",  # before unfold, some of whose templates it replaces
    "axes",
    "csp",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "warehouse",
    "ingestion",
    "flow",
    "signals",
    "backtest",
    "monitoring",
    "config",
]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",  # first, so that files and error pages have its header too
    "django.middleware.security.SecurityMiddleware",
    "web.null_characters.RefuseNullCharacters",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it replaces the answer to a login that is refused
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # serves the admin's files without a collectstatic step
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# -- logging -------------------------------------------------------------------------------------------
_secrets = [
    *(MASSIVE_API_KEY, SECRET_KEY, ALERT_WEBHOOK_URL, REDIS_URL, _database_url),
    *(unquote(urlsplit(url).password or "") for url in (_database_url, REDIS_URL)),
]
if SIMULATED:
    _secrets.remove(MASSIVE_API_KEY)  # no secret, and a word that lines are about
try:
    LOGGING = logs.configuration(
        env.text("LOG_FORMAT", "text"), env.text("LOG_LEVEL", "INFO"), PROCESS_NAME, _secrets
    )
except ValueError as error:
    env.refuse(str(error))

# -- Celery (reasons for each value: docs/operations.md#celery-settings) ---------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # seconds; more than twice the longest late-acknowledged task
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 5,  # seconds; a half-open connection heals in two to three times this
    "global_keyprefix": "warehouse:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no results: else every start of beat adds a clean-up of them to the schedule
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    CeleryTask.INGEST_CHAIN: {"queue": "ingest"},
    # Chains occupy the processes of other queues for minutes, and a bar is stored within seconds of its end.
    CeleryTask.FETCH_LIVE_BARS: {"queue": "bars"},
    # With the bars: a signal is evaluated seconds after its bar is stored.
    CeleryTask.SCAN: {"queue": "bars"},
    CeleryTask.SCAN_DAY: {"queue": "bars"},
    CeleryTask.REPLAY: {"queue": "default"},
    # A queue of its own: thousands of pieces of the past must not keep the present waiting.
    CeleryTask.BACKFILL: {"queue": "backfill"},
    CeleryTask.BACKFILL_TRADES: {"queue": "backfill"},
    # Minutes of computing for a symbol: they must not hold a process that the present needs.
    CeleryTask.RUN_BACKTEST_SYMBOL: {"queue": "backtest"},
    CeleryTask.RUN_OPTIMIZATION: {"queue": "backtest"},
    CeleryTask.STORE_TRADES: {"queue": "flow"},
    # Repairs wait for what chains and bars leave of the rate limit, so they must not hold a process of other queues.
    CeleryTask.REPAIR_FEED: {"queue": "repair"},
    CeleryTask.FETCH_QUOTES: {"queue": "repair"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_000_000  # kB
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env.integer("SOFT_SHUTDOWN_SECONDS", 2)
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = env.flag("SOFT_SHUTDOWN_ON_IDLE", False)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "config.beat:LeaderScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds: an edited schedule is obeyed within this time
CELERY_BEAT_SYNC_EVERY = 1  # save each run as it is sent: a standby that takes over then repeats none
CELERY_BEAT_ENABLE_REMOTE_CONTROL = True
