"""Frozen sets that come from files."""

from __future__ import annotations

from typing import BinaryIO

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.evaluation.benchmark_file import carried, read_benchmark
from evalhub.evaluation.errors import BadBenchmark
from evalhub.evaluation.models import Benchmark
from evalhub.runs.inputs import store_rows


@transaction.atomic
def add_benchmark(
    *,
    workspace: Workspace,
    name: str,
    stream: BinaryIO,
    licence: str = "",
    plain: bool = False,
    by: Member | None = None,
) -> Benchmark:
    """Keep a file's prompts, with what is right, as a frozen set; the same rows again are the same one.

    Args:
        plain: see `benchmark_file.read_benchmark`.

    Raises:
        BadBenchmark: rows cannot be used, or the name is another benchmark's.
    """
    rows = read_benchmark(stream, plain=plain)
    stored = store_rows(rows)
    benchmarks = Benchmark.objects.filter(workspace=workspace)
    known = benchmarks.filter(digest=stored.sha256).first()
    if known is not None:
        return known
    if not name.strip() or benchmarks.filter(name=name.strip()).exists():
        raise BadBenchmark(
            f"There is a benchmark “{name.strip()}” with other rows: a set is frozen, so give this one "
            "another name, such as one with its version."
            if name.strip()
            else "Give the benchmark a name."
        )
    benchmark = Benchmark.objects.create(
        workspace=workspace, name=name.strip(), licence=licence, key=stored.key, digest=stored.sha256,
        rows=len(rows), carries=carried(rows), created_by=by,
    )  # fmt: skip
    record(
        "benchmark.added",
        actor=by.pseudonym if by else "system",
        workspace=workspace.slug,
        target=f"benchmark {benchmark.uid}",
        rows=len(rows),
        digest=stored.sha256,
    )
    return benchmark
