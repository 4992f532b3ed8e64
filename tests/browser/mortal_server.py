"""A web server in a process of its own, on the test's database, to be killed while it answers.

`python -m tests.browser.mortal_server PORT DATABASE [dies]`: with `dies` it is gone the moment after
the first judgment is stored, before anybody hears of it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def dying(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path.endswith("/submit/"):
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    return middleware


def serve(port: int, database: str, *, dies: bool) -> None:
    settings.DATABASES["default"]["NAME"] = database
    settings.EVALHUB_UNDO_SECONDS = 30
    if dies:
        settings.MIDDLEWARE.insert(0, f"{__name__}.dying")
    django.setup()
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], dies="dies" in sys.argv[3:])
