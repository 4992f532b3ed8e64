"""A demo that is seeded in a second: fewer prompts, everything else as it is."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from evalhub.demo.services import PROMPTS, Seeded, seed_demo
from evalhub.jobs import jobs
from evalhub.jobs.models import Job


def done(job: Job) -> Job:
    jobs.execute(job.uid)
    job.refresh_from_db()
    return job


def some_prompts(folder: Path, *, count: int) -> Path:
    file = folder / "prompts.jsonl"
    with PROMPTS.open(encoding="utf-8") as lines:
        file.write_text("".join(islice(lines, count)), "utf-8")
    return file


def seeded(prompts: Path = PROMPTS, *, slug: str = "demo", reset_passwords: bool = False) -> Seeded:
    return seed_demo(
        slug=slug,
        reset_passwords=reset_passwords,
        do_job=done,
        report=lambda what: None,
        prompts=prompts,
    )
