"""Every setting, from the environment or a `.env` file beside manage.py; docs/operations.md explains each.

With nothing set this is a private instance: PostgreSQL and Redis of its own, on 127.0.0.1.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ

from evalhub import api_settings
from evalhub.applications import OURS, THEIRS
from evalhub.common.embedded.places import DataDirectory
from evalhub.common.embedded.postgres import NAME
from evalhub.common.embedded.redis import broker_url
from evalhub.common.embedded.secrets import clearly, usable_secret_key, whole_number
from evalhub.common.identity_provider import identity_provider
from evalhub.common.labels import labels_of
from evalhub.common.logs import logging_config
from evalhub.common.outgoing_mail import outgoing_mail, server_settings
from evalhub.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# What this instance is
EVALHUB_DATA_DIR = (
    Path(env.str("EVALHUB_DATA_DIR", str(BASE_DIR / ".evalhub"))).expanduser().resolve()
)
EVALHUB_PRIVATE_DATABASE = not env.str("DATABASE_URL", "")
EVALHUB_PRIVATE_BROKER = not env.str("CELERY_BROKER_URL", "")
EVALHUB_HOST = env.str("EVALHUB_HOST", "127.0.0.1")
_HERE = ["localhost", "127.0.0.1", "::1"]
_SERVES_ONE = EVALHUB_PRIVATE_DATABASE and EVALHUB_HOST in _HERE  # whoever sits at this machine
EVALHUB_PORT = whole_number("EVALHUB_PORT", env.str("EVALHUB_PORT", "8000"), least=1, most=65_535)
EVALHUB_WEB_WORKERS = whole_number(
    "EVALHUB_WEB_WORKERS", env.str("EVALHUB_WEB_WORKERS", "2"), least=1
)
EVALHUB_WORKERS = whole_number("EVALHUB_WORKERS", env.str("EVALHUB_WORKERS", "2"), least=1)
EVALHUB_WORKER_LABELS = labels_of(env.list("EVALHUB_WORKER_LABELS", default=[]))
EVALHUB_REMOTE_MOST_GB = whole_number(
    "EVALHUB_REMOTE_MOST_GB", env.str("EVALHUB_REMOTE_MOST_GB", "200"), least=1
)
EVALHUB_LEASE_SECONDS = whole_number(
    "EVALHUB_LEASE_SECONDS", env.str("EVALHUB_LEASE_SECONDS", "30"), least=5
)
EVALHUB_RING_AGAIN_SECONDS = whole_number(
    "EVALHUB_RING_AGAIN_SECONDS", env.str("EVALHUB_RING_AGAIN_SECONDS", "15"), least=1
)
EVALHUB_UNDO_SECONDS = whole_number(
    "EVALHUB_UNDO_SECONDS", env.str("EVALHUB_UNDO_SECONDS", "30"), least=0
)
EVALHUB_HTTPS = clearly("EVALHUB_HTTPS", env.str("EVALHUB_HTTPS", ""))
EVALHUB_OPEN_SIGN_UP = clearly("EVALHUB_OPEN_SIGN_UP", env.str("EVALHUB_OPEN_SIGN_UP", ""))
EVALHUB_OIDC = identity_provider(
    issuer=env.str("EVALHUB_OIDC_ISSUER", ""),
    client_id=env.str("EVALHUB_OIDC_CLIENT_ID", ""),
    secret=env.str("EVALHUB_OIDC_CLIENT_SECRET", ""),
    secret_file=env.str("EVALHUB_OIDC_CLIENT_SECRET_FILE", ""),
    name=env.str("EVALHUB_OIDC_NAME", ""),
    domains=env.list("EVALHUB_OIDC_DOMAINS", default=[]),
    verified_claim=env.str("EVALHUB_OIDC_VERIFIED_CLAIM", "email_verified"),
    join=env.str("EVALHUB_OIDC_JOIN", ""),
    only=clearly("EVALHUB_OIDC_ONLY", env.str("EVALHUB_OIDC_ONLY", "")),
)
EVALHUB_BASE_MODEL = env.str(
    "EVALHUB_BASE_MODEL", str(BASE_DIR / "training" / "assets" / "demo-model")
)
EVALHUB_PUSH_TARGETS = env.list("EVALHUB_PUSH_TARGETS", default=[])
EVALHUB_TRACKER_ADDRESSES = env.list("EVALHUB_TRACKER_ADDRESSES", default=[])
EVALHUB_SEALING_KEYS = env.list("EVALHUB_SEALING_KEYS", default=[])
EVALHUB_WEBHOOK_TARGETS = env.list("EVALHUB_WEBHOOK_TARGETS", default=[])
EVALHUB_PUBLIC_URL = env.str("EVALHUB_PUBLIC_URL", "")
EVALHUB_ALLOW_HUB = clearly("EVALHUB_ALLOW_HUB", env.str("EVALHUB_ALLOW_HUB", ""))
EVALHUB_ENDPOINT_PRIVATE = env.list(
    "EVALHUB_ENDPOINT_PRIVATE", default=_HERE if _SERVES_ONE else []
)
DEBUG = clearly("EVALHUB_DEBUG", env.str("EVALHUB_DEBUG", ""))

_place = DataDirectory(EVALHUB_DATA_DIR)
_place.prepare()
EVALHUB_FILES = env.str("EVALHUB_FILES", str(EVALHUB_DATA_DIR / "files"))
SECRET_KEY = usable_secret_key(
    env.str("EVALHUB_SECRET_KEY", ""), place=_place, private=EVALHUB_PRIVATE_DATABASE or DEBUG
)
SECRET_KEY_FALLBACKS = env.list("EVALHUB_OLD_SECRET_KEYS", default=[])
ALLOWED_HOSTS = env.list("EVALHUB_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

# Applications
INSTALLED_APPS = [*THEIRS, *OURS]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "evalhub.urls"
WSGI_APPLICATION = "evalhub.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "evalhub.web.middleware.headers",
    "evalhub.web.middleware.without_nul",
    "evalhub.web.middleware.sign_in_again",
    "evalhub.web.middleware.local_time",
    "evalhub.web.middleware.DomainErrors",
]
if EVALHUB_OIDC:  # allauth speaks the protocol; who gets in is decided in evalhub.accounts
    INSTALLED_APPS += ["allauth", "allauth.account", "allauth.socialaccount"]
    MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
SOCIALACCOUNT_ADAPTER = "evalhub.accounts.oidc.Adapter"
FORM_RENDERER = "evalhub.web.forms.FormRenderer"
CSRF_FAILURE_VIEW = "evalhub.web.error_pages.csrf_failure"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# The database: prepared statements and lasting connections halve the cost of a judgment
ENGINE = "evalhub.common.database"
_database: dict[str, Any] = (  # Django's own type for it
    {
        "ENGINE": ENGINE,
        "NAME": NAME,
        "USER": NAME,
        "PASSWORD": _place.database_password(),
        "HOST": str(_place.sockets().postgres),
    }
    if EVALHUB_PRIVATE_DATABASE
    else dict(env.db_url("DATABASE_URL", engine=ENGINE))
)
_options = {**_database.get("OPTIONS", {}), "server_side_binding": True, "prepare_threshold": 3}
DATABASES = {
    "default": _database
    | {
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,  # a restarted database costs nobody an error page
        "OPTIONS": _options,
    }
}

# Files
STATIC_URL = "static/"
STATIC_ROOT = EVALHUB_DATA_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "evalhub.common.plotly_script.PlotlyScript",
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": EVALHUB_DATA_DIR / "uploads"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# People
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTHENTICATION_BACKENDS = ["evalhub.accounts.backends.Backend"]
SESSION_ENGINE = "evalhub.accounts.sessions"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign_in"
_email_url = env.str("EVALHUB_EMAIL_URL", "")
EVALHUB_MAIL = outgoing_mail(
    url=_email_url,
    sender=env.str("EVALHUB_EMAIL_FROM", ""),
    root=EVALHUB_PUBLIC_URL,
)  # None: no e-mail
globals().update(server_settings(_email_url))
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "evalhub" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # else it is forgotten with the browser's window
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

# What a browser may do with our pages
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []
if EVALHUB_HTTPS and not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = True
    LANGUAGE_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # the supervisor asks without TLS, on this machine
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = whole_number(
        "EVALHUB_HSTS_SECONDS", env.str("EVALHUB_HSTS_SECONDS", "31536000"), least=0
    )
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
elif _SERVES_ONE:
    # no TLS, hence no secure cookies, on an instance that only this machine can reach
    SILENCED_SYSTEM_CHECKS = [f"security.{code}" for code in ("W004", "W008", "W012", "W016")]

# The API
REST_FRAMEWORK, SPECTACULAR_SETTINGS = api_settings.REST_FRAMEWORK, api_settings.SPECTACULAR

# Celery: the bell. The database is the truth, so a lost or doubled message does no harm
CELERY_BROKER_URL = broker_url(_place) if EVALHUB_PRIVATE_BROKER else env.str("CELERY_BROKER_URL")
CELERY_BROKER_TRANSPORT_OPTIONS = {}
if CELERY_BROKER_URL.startswith(("redis", "valkey", "unix")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,  # else the sweep runs ten times more rarely
        "socket_connect_timeout": 2,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"evalhub.runs.tasks.*": {"queue": "gpu"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # a job keeps its own lease
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(EVALHUB_DATA_DIR / "run" / "beat-schedule")

# Logs
LOGGING_CONFIG = "evalhub.common.logs.configure"
LOGGING = logging_config(
    level=env.str("EVALHUB_LOG_LEVEL", "INFO").upper(), form=env.str("EVALHUB_LOG_FORM", "console")
)

os.environ.setdefault("DO_NOT_TRACK", "1")
