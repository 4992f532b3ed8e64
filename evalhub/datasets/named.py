"""Names in a definition that nothing here has: they would leave out, weigh or protect nothing, in silence."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, Func

from evalhub.accounts.models import Workspace
from evalhub.datasets.definition import OVERALL_NAME, Definition
from evalhub.datasets.errors import BadDefinition
from evalhub.prompts.models import Prompt
from evalhub.rubrics.models import Criterion

MOST_TOLD = 20  # names that an error lists


def check_names(workspace: Workspace, definition: Definition) -> None:
    """Raise BadDefinition where a criterion, a group of people or the key of a slice is unknown."""
    criteria = {definition.criterion, definition.cleaning.safety_criterion, *definition.weights}
    if named := criteria - {"", OVERALL_NAME}:
        known = Criterion.objects.filter(version__rubric__workspace=workspace)
        _demand("criterion", named, known.values_list("slug", flat=True).distinct())
    if definition.groups:
        groups = workspace.members.annotate(group=Func(F("groups"), function="unnest"))
        _demand("group of people", definition.groups, groups.values_list("group", flat=True))
    parts = {key for part in definition.parts for key in part.slices}
    keys = {*definition.slices, *definition.augment_never.slices, *parts, definition.balance}
    if named := keys - {""}:
        prompts = Prompt.objects.filter(workspace=workspace)
        if any(not prompts.filter(slices__has_key=key).exists() for key in named):
            told = prompts.annotate(key=Func(F("slices"), function="jsonb_object_keys"))
            _demand("slice", named, told.values_list("key", flat=True).distinct())


def _demand(what: str, named: Iterable[str], known: Iterable[str]) -> None:
    there = set(known)
    strange = sorted(set(named) - there)
    if not strange:
        return
    told = ", ".join(sorted(there)[:MOST_TOLD]) or "none"
    if len(there) > MOST_TOLD:
        told += f" and {len(there) - MOST_TOLD} more"
    raise BadDefinition(
        f"There is no {what} {', '.join(strange)} in this workspace; there is {told}."
    )
