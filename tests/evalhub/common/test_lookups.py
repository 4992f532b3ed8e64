from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from evalhub.accounts.models import Workspace
from evalhub.prompts.models import Prompt
from tests.factories import PromptFactory

ODD = 'a "quoted", {braced} \\ NULL'


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("pk", 0),
        ("group__pk", 0),
        ("uid", UUID(int=0)),
        ("external_id", "none"),
        ("fingerprint", "none"),
    ],
)
def test_any_finds_what_in_finds(acme: Workspace, field: str, other: Any) -> None:
    PromptFactory.create(workspace=acme, external_id="one")
    odd = PromptFactory.create(workspace=acme, external_id=ODD)
    value = Prompt.objects.values_list(field, flat=True).get(pk=odd.pk)

    for wanted in ([value], {value, other}, [other], []):
        found = Prompt.objects.filter(**{f"{field}__any": wanted}).order_by("pk")
        assert list(found) == list(Prompt.objects.filter(**{f"{field}__in": wanted}).order_by("pk"))
    assert list(Prompt.objects.filter(**{f"{field}__any": [value]})) == [odd]
