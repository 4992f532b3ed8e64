"""What gold says about people, against a recount of their answers by the gold's rule of now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evalhub.campaigns.choices import TaskKind
from evalhub.gold.jobs.verdicts import checks_by, measured_by
from evalhub.gold.models import GoldVerdict
from evalhub.jobs.models import News
from evalhub.judgments.models import ExpertAnswer, Judgment


class Recounted(NamedTuple):
    """One verdict; `wrong` is empty where it is as a recount has it."""

    judgment: Judgment
    wrong: str
    waits: bool = False  # for news that nobody has delivered yet


def verdicts_recounted() -> Iterator[Recounted]:
    """Each verdict that stands or should stand, gold by gold."""
    standing = ExpertAnswer.objects.filter(withdrawn_at=None, task__kind=TaskKind.GOLD)
    for answer in standing.select_related("task").order_by("pk").iterator(chunk_size=500):
        stored = GoldVerdict.objects.standing().filter(task=answer.task_id)
        verdicts = {each.judgment_id: each for each in stored.select_related("judgment")}
        for judgment in measured_by(answer.task).order_by("pk"):
            yield _recounted(judgment, answer, verdicts.pop(judgment.pk, None))
        for verdict in verdicts.values():
            yield _recounted(verdict.judgment, answer, verdict)
    orphans = GoldVerdict.objects.standing().exclude(task__in=standing.values("task"))
    for verdict in orphans.select_related("judgment__task").order_by("pk"):
        yield Recounted(
            verdict.judgment, "stands, though its gold is withdrawn", _waits(verdict.judgment)
        )


def _recounted(judgment: Judgment, answer: ExpertAnswer, verdict: GoldVerdict | None) -> Recounted:
    checks = [check.told() for check in checks_by(judgment, answer)]
    if verdict is None:
        wrong = "no verdict, and a recount has one" if checks else ""
    elif not checks:
        wrong = "a verdict, and a recount has none"
    elif verdict.passed != all(check["passed"] for check in checks):
        wrong = f"stored passed={verdict.passed}, recount {not verdict.passed}"
    elif verdict.checks != checks:
        wrong = f"stored checks {verdict.checks}, recount {checks}"
    elif verdict.member_id != judgment.member_id:
        wrong = f"stored member {verdict.member_id}, recount {judgment.member_id}"
    else:
        wrong = ""
    return Recounted(judgment, wrong, bool(wrong) and _waits(judgment))


def _waits(judgment: Judgment) -> bool:
    about = [judgment.uid, judgment.task.uid]
    return News.objects.filter(subject_uid__in=about, delivered_at=None).exists()
