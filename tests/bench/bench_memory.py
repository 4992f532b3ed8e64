"""Memory of the web workers once they have served everything.

    python -m tests.bench.bench_memory [--requests 1000] [--json]

A server with two workers over the demo's workspace; somebody with every role follows the links of
each page to the next, over and over. One connection stays with one worker, so that the larger figure
is of a worker that served nearly all. Reported is the proportional
set size of each worker before the first request and after the last: what it alone would give back,
and its share of what it has in common with others.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console

from evalhub.common.embedded.temporary import temporary_place
from tests.bench.bench_claim_submit import SETTINGS, database, manage, url_of, web_server

LINK = re.compile(r'href="(/[^"#]*)')
LEFT_ALONE = ("/static/", "/sign-out/")
LISTS = ("/api/v1/judgments?workspace=demo",)


@dataclass(frozen=True)
class Figures:
    requests: int
    pages: int  # different addresses
    answers: dict[int, int]  # by status
    before_mb: list[float]
    after_mb: list[float]


class Visitor:
    """Follows links, the least visited first, so that in the end each page was asked for."""

    def __init__(self, port: int, session: str) -> None:
        self._wire = http.client.HTTPConnection("127.0.0.1", port)
        self._head = {"Cookie": f"sessionid={session}", "Accept": "text/html"}
        self.asked: Counter[str] = Counter({"/w/demo/": 0} | dict.fromkeys(LISTS, 0))
        self.answers: Counter[int] = Counter()

    def visit(self) -> None:
        path = min(self.asked, key=lambda each: self.asked[each])
        self.asked[path] += 1
        self._wire.request("GET", path, headers=self._head)
        answer = self._wire.getresponse()
        text = answer.read().decode(errors="replace")
        self.answers[answer.status] += 1
        assert answer.status < 500, path
        for link in LINK.findall(text):
            if not link.startswith(LEFT_ALONE):
                self.asked.setdefault(link.replace("&amp;", "&"), 0)


def measure(requests: int) -> Figures:
    with temporary_place() as place, database(place):
        os.environ |= {"DATABASE_URL": url_of(place), "EVALHUB_DATA_DIR": str(place.root)}
        manage("collectstatic", "--no-input", "--verbosity", "0")
        manage("migrate", "--verbosity", "0")
        manage("seed_demo")
        session = session_of_somebody()
        with web_server() as (port, server):
            before = pss_of_workers(server)
            visitor = Visitor(port, session)
            for _ in range(requests):
                visitor.visit()
            after = pss_of_workers(server)
    return Figures(requests, len(visitor.asked), dict(visitor.answers), before, after)


def session_of_somebody() -> str:
    """A user with every role, signed in."""
    import django

    django.setup()  # DATABASE_URL stands only now
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from evalhub.accounts.choices import Role
    from evalhub.accounts.models import Member, User, Workspace

    user = User.objects.create(username="visitor")
    workspace = Workspace.objects.get(slug="demo")
    Member.objects.create(
        workspace=workspace, user=user, pseudonym="visitor", kind="person", roles=list(Role.values)
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "evalhub.accounts.backends.Backend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def pss_of_workers(server: int) -> list[float]:
    """In MB, of each process below the server that holds the application."""
    below = psutil.Process(server).children(recursive=True)
    return sorted(found for each in below if (found := pss_mb(each.pid)) > 20)


def pss_mb(pid: int) -> float:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", told, re.M)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    figures = measure(chosen.requests)
    if not chosen.json:
        sizes = " and ".join(f"{each:.0f}" for each in figures.after_mb)
        Console(stderr=True).print(f"{sizes} MB a worker after {figures.requests:,} requests")
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")


if __name__ == "__main__":
    main()
