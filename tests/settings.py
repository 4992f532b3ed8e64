"""What makes the suite quick and sealed. Everything else comes from evalhub.settings."""

from __future__ import annotations

import os
import tempfile

from tests.ground import data_directory

# One data directory for the whole run: the workers of xdist inherit the variable
os.environ["EVALHUB_DATA_DIR"] = str(data_directory())
for _name in (
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "EVALHUB_FILES",
    "EVALHUB_SECRET_KEY",
    "EVALHUB_EMAIL_URL",
    "EVALHUB_PUSH_TARGETS",
    "EVALHUB_PUBLIC_URL",
    "EVALHUB_TRACKER_ADDRESSES",
):
    os.environ[_name] = ""
os.environ["EVALHUB_OIDC_ISSUER"] = ""
for _name in (
    "EVALHUB_OIDC_ONLY",
    "EVALHUB_DEBUG",
    "EVALHUB_HTTPS",
    "EVALHUB_OPEN_SIGN_UP",
    "EVALHUB_ALLOW_HUB",
):
    os.environ[_name] = "off"

os.environ["HF_HUB_DISABLE_XET"] = "1"  # uploads by plain HTTP, which tests.hub_server answers

from evalhub.settings import *  # noqa: E402, F403

EVALHUB_OIDC = None  # a test that signs in by a provider sets one; the protocol's apps are there
INSTALLED_APPS += ["allauth", "allauth.account", "allauth.socialaccount"]  # noqa: F405
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]  # noqa: F405
EVALHUB_FILES = tempfile.mkdtemp(prefix="files-", dir=data_directory())
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # looks nothing up at the start of each client
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
EVALHUB_UNDO_SECONDS = 0  # else nothing that a test judges would count yet
# A live server's thread would keep its connection, and the database could not be dropped at the end
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
