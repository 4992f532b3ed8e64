"""The promise of the demo: a Round can be started at once, and the model follows what was preferred."""

from __future__ import annotations

import pytest
from django.db.models import QuerySet

from evalhub.campaigns.models import Campaign
from evalhub.demo.taste import style_of
from evalhub.loops.report import round_report
from evalhub.loops.services import start_round
from evalhub.prompts.models import Completion
from tests.evalhub.demo.scenes import seeded
from tests.evalhub.loops.scenes import turned

pytestmark = [pytest.mark.django_db, pytest.mark.long]


def test_a_round_on_the_seeded_demo_makes_a_polite_model_and_asks_about_its_answers() -> None:
    demo = seeded()
    before = _polite_share(Completion.objects.filter(generation__run_uid=None))
    erin = demo.workspace.members.get(pseudonym="erin")

    round_ = turned(start_round(loop=demo.loop, by=erin))

    steps = {step.kind: step.error or step.state for step in round_.steps.all()}
    assert set(steps.values()) == {"succeeded"}, steps
    report = round_report(round_)
    assert report["promotion"]["decision"] == "promote", report["promotion"]["reason"]
    metrics = report["evaluation"]
    gain = (
        metrics["adapter"]["preference_accuracy"]["value"]
        - metrics["baseline"]["preference_accuracy"]["value"]
    )
    assert gain > 0.1
    answers = Completion.objects.filter(generation__run_uid__isnull=False)
    assert answers.filter(generation__model__kind="adapter").count() == answers.count() > 100
    assert _polite_share(answers) > before + 0.3
    opened = Campaign.objects.get(uid=report["campaign"]["uid"])
    assert opened.state == "open"
    assert opened.tasks.count() == report["campaign"]["tasks"] > 20


def _polite_share(completions: QuerySet[Completion]) -> float:
    styles = [style_of(each.content) for each in completions]
    return styles.count("polite") / len(styles)
