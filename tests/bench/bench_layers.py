"""Where a judgment's time goes: each layer with all that lies under it, CPU of web and PostgreSQL.

    python -m tests.bench.bench_layers [--turns 7] [--json]

Requests go into the WSGI application of this process, with no server and no client in between. Each
figure is the least of the turns, in which the layers take turns: what else the machine does only adds.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, Clients, cpu_of, database, manage, url_of

TIMES = 200
Call = Callable[[], None]


def measure(turns: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of web and database for each layer."""
    with temporary_place() as place, database(place) as postgres:
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        manage("migrate", "--verbosity", "0")
        arguments = ["--tasks", "10000", "--annotators", "1", "--overlap", "3", "--json"]
        seeded = json.loads(manage("seed_bench", *arguments))
        least: dict[str, tuple[float, float]] = {}
        calls = layers(seeded)
        for _ in range(turns):
            for name, call in calls.items():
                before = time.process_time(), cpu_of(postgres)
                for _ in range(TIMES):
                    call()
                web, data = time.process_time() - before[0], cpu_of(postgres) - before[1]
                spent = 1000 * web / TIMES, 1000 * data / TIMES
                least[name] = min(least.get(name, spent), spent)
        return least


def layers(seeded: dict[str, Any]) -> dict[str, Call]:
    import django

    django.setup()

    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.test import override_settings
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from evalhub import urls

    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"{}", content_type="application/json")

    class Bare(APIView):
        authentication_classes = ()
        permission_classes = ()

        def post(self, request: Request) -> HttpResponse:
            return HttpResponse(b"{}", content_type="application/json")

    class Known(APIView):
        def post(self, request: Request) -> HttpResponse:
            return HttpResponse(b"{}", content_type="application/json")

    urls.urlpatterns += [
        path("plain", csrf_exempt(plain)),
        path("bare", Bare.as_view()),
        path("known", Known.as_view()),
    ]
    with override_settings(MIDDLEWARE=[]):
        naked = get_wsgi_application()
    whole = get_wsgi_application()
    token = seeded["tokens"][0]

    def asked(application: Any, url: str, body: bytes = b"{}") -> bytes:
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": url, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json", "HTTP_AUTHORIZATION": f"Bearer {token}",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1",
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
        }  # fmt: skip
        answer = application(environ, lambda status, headers, exc_info=None: None)
        text = b"".join(answer)
        answer.close()
        return text

    def over(application: Any, url: str) -> Call:
        def call() -> None:
            assert asked(application, url) == b"{}"

        return call

    return {
        "Django without middleware": over(naked, "/plain"),
        "and our middleware": over(whole, "/plain"),
        "and DRF": over(whole, "/bare"),
        "and the token": over(whole, "/known"),
        "submit and next task": _submit(seeded, asked, whole),
    }


def _submit(seeded: dict[str, Any], asked: Callable[..., bytes], whole: Any) -> Call:
    body = Clients(0, seeded)._body
    held = json.loads(asked(whole, f"/api/v1/campaigns/{seeded['campaign']}/claim"))

    def call() -> None:
        nonlocal held
        given = json.dumps(body(held["token"]) | {"submission_id": str(uuid4())}).encode()
        held = json.loads(asked(whole, f"/api/v1/assignments/{held['assignment']}/submit", given))
        held = held["next"]

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    found = measure(chosen.turns)
    if not chosen.json:
        table = Table(title="CPU of a request, each layer with those under it")
        for name in ("", "web ms", "PostgreSQL ms"):
            table.add_column(name, justify="right")
        for name, (web, data) in found.items():
            table.add_row(name, f"{web:.2f}", f"{data:.2f}")
        Console(stderr=True).print(table)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
