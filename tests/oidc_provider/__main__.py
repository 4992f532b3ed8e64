"""python -m tests.oidc_provider CALLBACK: serve until standard input ends; say READY when it is up."""

from __future__ import annotations

import os
import sys
import threading
from socketserver import ThreadingMixIn
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

PEOPLE = ("zoe@x.org", "stranger@x.org")
CLIENT, SECRET, PASSWORD = "evalhub", "told-only-to-evalhub", "pw-at-the-provider"


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing, but for errors, which Django writes itself."""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oidc_provider.settings"
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    _fill(sys.argv[1])
    place = urlsplit(os.environ["PROVIDER_ISSUER"])
    server = Server(("127.0.0.1", place.port or 0), Quiet)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", flush=True)
    sys.stdin.read()


def _fill(callback: str) -> None:
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    for email in PEOPLE:
        User.objects.create_user(email, email=email, password=PASSWORD)
    Application.objects.create(
        client_id=CLIENT,
        client_secret=SECRET,
        redirect_uris=callback,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


main()
