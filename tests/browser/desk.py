"""Campaigns of every kind for the annotator's page: what the browser tests judge and look at."""

from __future__ import annotations

import os
from typing import Any

from django.test import Client
from playwright.sync_api import Locator, Page, expect

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from tests.browser.conftest import DESKTOP, PHONE, axe_findings, scrolls_sideways
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    PromptFactory,
    TaskFactory,
)

ANSWER = """Rayleigh scattering: **short waves scatter more**.

```python
def blue(wavelength: float) -> float:
    return wavelength ** -4
```

So $I \\propto \\lambda^{-4}$, which favours blue."""

REASONING = """Step 1: There are 12 eggs in a dozen.

Step 2: Two dozen are 2 · 12 = 26.

Step 3: So the answer is 26."""

CALLS = [
    {"name": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}},
    {"name": "send_mail", "arguments": {"to": "ann@example.org", "text": "Cold."}},
]
SOURCES = [
    {
        "title": "Optics, chapter 3",
        "text": "Blue light scatters **ten times** more than red light.",
    },
    "The sky is dark on the Moon, which has no air.",
]
ERROR_TYPES = [
    {"slug": "false", "name": "False statement", "description": "Not true."},
    {"slug": "style", "name": "Language", "description": "Badly said."},
]
SEVERITIES = [{"slug": "minor", "name": "minor", "description": ""}]


def campaign_of(
    bob: Member, type_: str, tasks: int, *, texts: list[str] | None = None, **more: Any
) -> Campaign:
    """An open campaign with two criteria and `tasks` tasks, in order; `texts` are the responses."""
    prompt = more.pop("prompt", {})
    calls = more.pop("tool_calls", [])
    campaign = CampaignFactory.create(
        workspace=bob.workspace,
        type=type_,
        title="Why is the sky blue?",
        rubric_version__error_types=ERROR_TYPES,
        rubric_version__severities=SEVERITIES,
        **more,
    )
    for slug in ("factuality", "safety"):
        CriterionFactory.create(version=campaign.rubric_version, slug=slug)
    count = {"rating": 1, "comparison": 2, "ranking": 3}.get(type_, 0)
    for rank in range(tasks):
        task = TaskFactory.create(
            campaign=campaign,
            lot=rank,
            completions=[],
            prompt=PromptFactory.create(collection__workspace=bob.workspace, **prompt),
        )
        for place in range(count):
            text = texts[place] if texts else f"{ANSWER}\n\nTask {rank}, text {place}."
            completion = CompletionFactory.create(
                prompt=task.prompt, content=text, tool_calls=calls
            )
            task.placed.create(completion=completion, place=place)
    return campaign


def start_session(page: Page, member: Member, base_url: str) -> None:
    """Signed in without the page for it."""
    client = Client()
    assert member.user is not None
    client.force_login(member.user)
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "url": base_url}])


def open_page(page: Page, bob: Member, base_url: str, campaign: Campaign) -> None:
    start_session(page, bob, base_url)
    page.goto(f"/w/acme/campaigns/{campaign.uid}/judge/")


def is_ready(page: Page) -> None:
    """Wait for the scripts of a page that a click led to: a key before that is nobody's."""
    page.locator("html.has-script #sheet").wait_for()


def look(page: Page, name: str) -> None:
    """The page holds for everybody: wide and light, narrow and dark. Kept as pictures in
    EVALHUB_SHOTS, where that names a folder."""
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        where = f"{name} {size['width']} {scheme}"
        expect(page.locator("h1"), where).to_have_count(1)  # waits: a click may have led here
        if folder := os.environ.get("EVALHUB_SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{size['width']}-{scheme}.png", full_page=True)
        assert not scrolls_sideways(page), where
        assert axe_findings(page, colours=size == DESKTOP) == [], where
    page.set_viewport_size(DESKTOP)


def counts_errors(page: Page) -> Locator:
    """Fill the form of a criterion with one that asks for a number, and return the form."""
    form = page.locator("#criterion")
    form.get_by_label("Name").fill("Errors")
    form.get_by_label("Question").fill("How many?")
    form.get_by_label("a whole number").check()
    form.get_by_label("Lowest").fill("0")
    form.get_by_label("Highest").fill("40")
    return form
