"""Each side of the seam starts where the other's libraries are not installed.

Every check runs in a fresh interpreter whose import system refuses the named packages, as if they
were absent; so an import that only some function makes at its first call is found by calling it, and
one that a module makes at its head is found here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TORCH_SIDE = ["torch", "transformers", "peft", "trl", "datasets", "accelerate"]
HEAVY = [*TORCH_SIDE, "pandas", "pyarrow", "sklearn"]
WORKERS_ONLY = [*HEAVY, "scipy", "spellchecker", "evalica", "lingua", "optuna"]
WEB_SIDE = ["django", "rest_framework", "celery", "kombu", "psycopg", "redis", "evalhub"]

PRELUDE = """
import importlib.abc, json, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def __init__(self, names): self.names = set(names)
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r} (kept away by this test)", name=name)

sys.meta_path.insert(0, Absent(json.loads(sys.argv[1])))

def walk(package, leave_out=()):
    def fail(name): raise
    found = pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=fail)
    names = [each.name for each in found if not each.name.startswith(tuple(leave_out))]
    for name in names: importlib.import_module(name)
    return len(names)
"""
EVERY_MODULE_OF_EVALHUB = """
import django, evalhub, importlib
django.setup()
print(walk(evalhub))
"""
WHAT_THE_WEB_SERVER_LOADS = """
import importlib, psutil, time
from django.urls import get_resolver
began = time.perf_counter()
from evalhub.wsgi import application

def all_views(patterns):
    for each in patterns:
        if hasattr(each, "url_patterns"): yield from all_views(each.url_patterns)
        else: yield each.callback

count = sum(1 for _ in all_views(get_resolver().url_patterns))
from django.template import engines
engines["django"]
resident = psutil.Process().memory_info().rss // 1024  # ru_maxrss would count the pytest that forked us
print(json.dumps({"views": count, "seconds": time.perf_counter() - began, "resident_kib": resident}))
"""
EVERY_MODULE_OF_TRAINING = """
import importlib, training
print(walk(training, leave_out=["training.demo_model.__main__"]))
"""
THE_CONTRACT_ALONE = """
before = set(sys.modules)
import training.contract, training.errors
outside = {name.partition(".")[0] for name in set(sys.modules) - before} - {"training"}
print(json.dumps(sorted(outside - set(sys.stdlib_module_names))))
"""


def run_without(absent: list[str], program: str) -> str:
    """What the program prints where `absent` cannot be imported; its trace fails the test."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRELUDE + program, json.dumps(absent)],
        cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]


def test_evalhub_needs_nothing_of_the_torch_side() -> None:
    assert int(run_without(HEAVY, EVERY_MODULE_OF_EVALHUB)) > 100


def test_the_web_server_starts_without_what_only_workers_compute_with() -> None:
    measured = json.loads(run_without(WORKERS_ONLY, WHAT_THE_WEB_SERVER_LOADS))
    assert measured["views"] > 20
    assert measured["resident_kib"] < 200 * 1024, (
        "a web worker grew beyond 200 MiB before any request"
    )


@pytest.mark.slow
def test_training_needs_nothing_of_the_web_side() -> None:
    assert int(run_without(WEB_SIDE, EVERY_MODULE_OF_TRAINING)) > 15


def test_the_contract_needs_the_standard_library_only() -> None:
    assert json.loads(run_without([*WEB_SIDE, *HEAVY, "numpy"], THE_CONTRACT_ALONE)) == []
