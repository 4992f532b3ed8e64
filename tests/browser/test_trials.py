"""erin follows a blind trial to its decision, tries another gate, reads the card, rolls back, and lets the gate
decide on a model that she trained by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.evaluation.models import Comparison, HumanTrial
from evalhub.loops.models import Loop
from evalhub.loops.services import edit_loop, start_round
from tests.browser.desk import look, start_session
from tests.evalhub.loops.scenes import a_loop, turned, work_off
from tests.evalhub.loops.test_deciding import by_hand
from tests.evalhub.loops.test_trials import GATE, vote_for_the_candidate
from tests.evalhub.runs.scenes import without_torch

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("quiet")
def test_erin_follows_a_trial_and_rolls_back(
    page: Page, erin: Member, base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    loop = a_loop(erin, tmp_path, gate=GATE)
    round_ = turned(start_round(loop=loop, by=erin))
    trial = HumanTrial.objects.get()
    start_session(page, erin, base_url)

    page.goto(f"/w/acme/rounds/{round_.uid}/")
    page.get_by_role("link", name="the blind trial").click()
    expect(page.get_by_text("Open: 0 of at most 10 judgments are in.")).to_be_visible()
    look(page, "trial-open")
    vote_for_the_candidate(trial)
    work_off()
    page.reload()
    expect(page.get_by_text("Decided after 5 of 10 judgments, by the votes")).to_be_visible()
    expect(page.get_by_role("img", name="The e-value after each prompt")).to_be_visible()
    look(page, "trial-decided")
    page.goto("/w/acme/human-trials/")
    look(page, "trials")

    comparison = Comparison.objects.order_by("pk")[0]
    page.goto(f"/w/acme/comparisons/{comparison.uid}/")
    page.get_by_text("Condition by condition").click()
    look(page, "comparison")
    page.get_by_role("link", name="Try a gate").click()
    page.get_by_label("Gate").fill(
        '{"must_beat": [{"metric": "preference_accuracy", "margin": 0.05}]}'
    )
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("A worker is working it out.")).to_be_visible()
    work_off()
    expect(page.get_by_text("too narrow").first).to_be_visible()
    look(page, "gate")

    page.goto(f"/w/acme/models/{trial.candidate.uid}/card/")
    page.get_by_text("Licence and limits").click()
    page.get_by_role("textbox", name="Licence").fill("Apache-2.0")
    page.get_by_role("textbox", name="Limits").fill("It knows no German.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It knows no German.").first).to_be_visible()
    look(page, "card")

    page.goto(f"/w/acme/loops/{loop.uid}/")
    look(page, "loop")
    page.get_by_role("link", name="Roll back").click()
    look(page, "roll-back")
    page.get_by_label("Why").fill("Complaints about its tone.")
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("the base itself")).to_be_visible()

    decide_on_another(page, erin, loop)


def decide_on_another(page: Page, erin: Member, loop: Loop) -> None:
    """Trained by hand; the trial of a gate would need people, so this one asks for none."""
    edit_loop(loop=loop, by=erin, policy={})
    adapter = by_hand(loop, erin, seed=7)
    page.goto(f"/w/acme/models/{adapter.uid}/")
    page.get_by_role("link", name="Decide on it").click()
    look(page, "decide")
    page.get_by_label("Loop").select_option("Main")
    page.get_by_role("button", name="Measure it and decide").click()
    expect(page.get_by_role("heading", name="Round 2")).to_be_visible()
    work_off()
    expect(page.get_by_text(f"Done: {adapter} was promoted.")).to_be_visible()
    look(page, "round-that-decides")
    page.get_by_role("link", name=str(adapter), exact=True).click()
    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    look(page, "model")
    page.goto("/w/acme/comparisons/measure/")
    look(page, "measure")
