"""An owner follows a prompt to a model, withdraws it, looks for contamination and forgets a person."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Task
from evalhub.jobs.jobs import deliver_waiting, execute
from evalhub.jobs.models import Job
from evalhub.lineage.models import ContaminationCheck, Erasure
from evalhub.prompts.grouping import merge
from evalhub.prompts.models import Prompt
from tests.browser.conftest import SignIn
from tests.browser.desk import look
from tests.evalhub.lineage.conftest import Build, build, compared, said_on, trained_on

__all__ = ["build", "compared"]

pytestmark = pytest.mark.browser


def test_an_owner_takes_a_prompt_and_a_person_out(
    page: Page,
    sign_in: SignIn,
    quiet: list[str],
    olga: Member,
    build: Build,
    compared: list[Task],
) -> None:
    keys = [task.prompt.pk for task in compared]
    Prompt.objects.filter(pk__in=keys[:6]).update(slices={"language": "de"})
    made = build()
    adapter = trained_on(made, olga.workspace)
    person = said_on(compared[0]).member
    merge(compared[1].prompt.group, compared[-1].prompt.group)
    deliver_waiting()
    execute(Job.objects.get(kind="lineage.merges").uid)
    sign_in(olga)

    page.goto(f"/w/acme/prompts/{compared[0].prompt.uid}/")
    page.get_by_role("link", name="Where did this go?").click()
    expect(page.get_by_role("link", name=adapter.name)).to_be_visible()
    look(page, "where-it-went")
    page.get_by_label("Why").fill("It holds a street address.")
    page.get_by_role("button", name="Withdraw this prompt").click()
    expect(page.get_by_role("heading", name="Built since")).to_be_visible()
    look(page, "withdrawal")
    page.goto(f"/w/acme/models/{adapter.uid}/")
    expect(page.get_by_text("It holds a street address.")).to_be_visible()

    page.goto(f"/w/acme/builds/{made.uid}/")
    look(page, "build-with-slices")
    page.get_by_role("link", name="Look for contamination").click()
    page.get_by_label("Collection").select_option(label="Prompts")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("queued")).to_be_visible()
    execute(ContaminationCheck.objects.get().job.uid)
    expect(page.get_by_role("heading", name="Where")).to_be_visible()  # by itself
    look(page, "check")

    page.goto(f"/w/acme/members/{person.uid}/")
    page.get_by_role("link", name="They ask to be forgotten").click()
    look(page, "erase")
    page.get_by_label("Their pseudonym").fill(person.pseudonym)
    page.get_by_role("button", name="for good").click()
    expect(page.get_by_text("queued")).to_be_visible()
    execute(Erasure.objects.get().job.uid)
    expect(page.get_by_text("rows overwritten")).to_be_visible()
    assert quiet == []
