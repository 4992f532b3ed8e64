"""Claim + submit through the annotator's page: CPU of web and PostgreSQL, the next task rendered.

    python -m tests.bench.bench_page [--tasks 10000 100000] [--submits 1500] [--offered 60] [--json]

The same harness as bench_claim_submit, with browsers' sessions instead of tokens: each request
posts the form of a comparison with two ratings and a sentence, and is answered with the next task
as HTML: a prompt of 100 words and two responses of 150, rendered.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import time
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.bench.bench_claim_submit import CLIENTS, SETTINGS, Clients, measure, show

TOKEN = "b" * 32  # a CSRF secret, the same in cookie and header
HIDDEN = re.compile(rb'name="(assignment|token)" value="([^"]+)"')


class Browsers(Clients):
    """Sixteen annotators who are signed in."""

    def __init__(self, port: int, seeded: dict[str, Any]) -> None:
        super().__init__(port, seeded)
        self.keys = sessions_of(seeded)
        self.base = f"/w/{seeded['workspace']}/campaigns/{seeded['campaign']}/judge/"

    def _work(self, nth: int, judgments: int) -> None:
        wire = http.client.HTTPConnection("127.0.0.1", self.port)
        head = {
            "Cookie": f"sessionid={self.keys[nth]}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "X-Requested-With": "judge",
            "Content-Type": "application/x-www-form-urlencoded",
        }

        def ask(method: str, path: str, fields: dict[str, Any] | None = None) -> dict[str, str]:
            wire.request(method, self.base + path, urlencode(fields or {}), head)
            answer = wire.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return {name.decode(): value.decode() for name, value in HIDDEN.findall(text)}

        held = ask("GET", "next/")
        for turn in range(judgments):
            began = self.due(nth, turn)
            held = ask("POST", "submit/", self._fields(held))
            self.seconds.append(time.perf_counter() - began)

    def _fields(self, held: dict[str, str]) -> dict[str, Any]:
        first, second = self.seeded["criteria"]
        return {
            "assignment": held["assignment"],
            "token": held["token"],
            "submission_id": uuid4(),
            "claim_next": "true",
            "holding": "",
            "active_ms": 41200,
            f"rating.A.{first}": 4,
            f"rating.B.{second}": 2,
            "preference": "A2",
            "critique": "A says where it knows it from.",
        }


def sessions_of(seeded: dict[str, Any]) -> list[str]:
    """A user for each annotator, signed in."""
    import django

    django.setup()  # DATABASE_URL stands only now
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from evalhub.accounts.models import Member, User

    keys = []
    for nth in range(CLIENTS):
        user, _ = User.objects.get_or_create(username=f"annotator-{nth}")
        mine = Member.objects.filter(pseudonym=f"annotator-{nth}")
        mine.filter(workspace__slug=seeded["workspace"]).update(user=user, kind="person")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "evalhub.accounts.backends.Backend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(str(session.session_key))
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--submits", type=int, default=1500)
    parser.add_argument("--offered", type=float, help="judgments a second; none: no think time")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = [
        measure(tasks, chosen.submits, kind=Browsers, offered=chosen.offered)
        for tasks in chosen.tasks
    ]
    if not chosen.json:
        show(rows, title="CPU per judgment through the page, 16 clients, target 5 ms")
    sys.stdout.write(json.dumps([asdict(row) | {"total_ms": row.total_ms} for row in rows]) + "\n")


if __name__ == "__main__":
    main()
