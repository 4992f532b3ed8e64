from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from evalhub.accounts.models import Member, User
from evalhub.audit.models import Entry
from evalhub.campaigns.choices import AssignmentState, CampaignState, TaskType
from evalhub.campaigns.models import Assignment, Campaign, Task
from evalhub.campaigns.queries import campaigns_for
from evalhub.demo.errors import DemoNotSeeded
from evalhub.demo.services import seed_demo
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Completion, Prompt
from evalhub.registry.models import LanguageModel
from tests.evalhub.demo.scenes import done, seeded, some_prompts

pytestmark = pytest.mark.django_db

COUNTED = (Campaign, Completion, Entry, Job, Judgment, LanguageModel, Member, Prompt, Task, User)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    return some_prompts(tmp_path, count=12)


def test_seeding_twice_changes_nothing(prompts: Path) -> None:
    seeded(prompts)
    before = {model: model.objects.count() for model in COUNTED}
    again = seeded(prompts)
    assert {model: model.objects.count() for model in COUNTED} == before
    assert again.made == {"prompts": 0, "judgments": 0}
    assert [person.password for person in again.people] == [None] * 5


def test_everybody_signs_in_with_the_password_that_was_shown(prompts: Path) -> None:
    people = seeded(prompts).people
    assert {person.role for person in people} == {
        "lead",
        "annotator",
        "engineer",
        "owner",
        "reviewer",
    }
    for person in people:
        assert authenticate(username=person.name, password=person.password) is not None
        user = User.objects.get(username=person.name)
        assert str(person.password) not in user.password


def test_new_passwords_are_given_only_when_asked_for(prompts: Path) -> None:
    first = {person.name: person.password for person in seeded(prompts).people}
    second = {
        person.name: person.password for person in seeded(prompts, reset_passwords=True).people
    }
    assert not set(first.values()) & set(second.values())
    assert authenticate(username="bob", password=first["bob"]) is None
    assert authenticate(username="bob", password=second["bob"]) is not None


def test_a_second_workspace_has_the_same_people_with_the_passwords_they_had(prompts: Path) -> None:
    seeded(prompts)
    other = seeded(prompts, slug="demo-2")
    assert [person.password for person in other.people] == [None] * 5
    assert other.workspace.members.filter(user__username="bob").exists()
    assert other.made["prompts"] == 12


def test_simulated_judgments_are_marked_and_come_from_leases(prompts: Path) -> None:
    seeded(prompts)
    judgments = Judgment.objects.select_related("member", "assignment")
    assert judgments.count() > 12
    assert {each.source for each in judgments} == {"simulated"}
    assert {each.member.kind for each in judgments} == {"simulated"}
    states = Assignment.objects.values_list("state", flat=True).distinct()
    assert list(states) == [AssignmentState.SUBMITTED]
    assert not Member.objects.filter(kind="simulated", user__isnull=False).exists()


def test_what_was_simulated_is_closed_and_every_type_is_open_for_people(tmp_path: Path) -> None:
    workspace = seeded(some_prompts(tmp_path, count=36)).workspace
    bob = workspace.members.get(pseudonym="bob")
    mine = campaigns_for(bob)
    assert {each.campaign.type for each in mine} == set(TaskType.values)
    assert all(each.has_more for each in mine)
    assert all(each.campaign.tasks.count() >= 10 for each in mine)
    simulated = Campaign.objects.filter(title__startswith="Simulated")
    assert {each.state for each in simulated} == {CampaignState.CLOSED}
    assert not Task.objects.filter(campaign__in=simulated, open_places__gt=0).exists()


def test_the_completions_belong_to_the_model_that_rounds_train(prompts: Path) -> None:
    loop = seeded(prompts).loop
    assert {each.generation.model for each in Completion.objects.all()} == {loop.base_model}
    assert loop.base_model.kind == "base"
    assert loop.policy["accepts_simulated"] is True


def test_a_seeding_that_broke_off_is_taken_up_again(prompts: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(prompts.read_text("utf-8") + "no JSON\n", "utf-8")
    with pytest.raises(DemoNotSeeded, match="not imported"):
        seed_demo(
            slug="demo",
            reset_passwords=False,
            do_job=done,
            report=lambda what: None,
            prompts=broken,
        )
    assert not User.objects.get(username="bob").has_usable_password()
    assert all(person.password for person in seeded(prompts).people)
