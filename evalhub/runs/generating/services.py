from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from evalhub.accounts.models import Member
from evalhub.prompts.models import Collection, Prompt
from evalhub.prompts.tools import tools_in
from evalhub.registry.models import LanguageModel
from evalhub.runs.demands import demand_one_base, demand_parts
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import Part, start_run

GENERATE = "runs.generate"
TOO_LONG = "a prompt that is too long is not answered"


@transaction.atomic
def start_generating(
    *,
    collection: Collection,
    model: LanguageModel,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    judge: LanguageModel | None = None,
    beside: Sequence[LanguageModel] = (),
    parts: int = 1,
    by: Member | None = None,
) -> Run:
    """Let a model, ours or a server's, answer every prompt of a collection that is in use.

    Args:
        parts: runs that share the prompts, so that as many workers answer at once; what they write is what
            one would, and is kept together. The first of them is returned; `parts` names all.
        beside: others on the same base, which answer the same prompts in the same run; each writes what it
            would write alone.
        options: as the recipe generate takes them: n, temperatures, top_ps, refills, best and more.
        judge: a reward model that scores the answers; `best` keeps those that it likes best.

    Raises:
        BadSpec: there is no prompt, an option means nothing, `best` is asked for and no judge, or models
            have not one base.
        CannotRun: the model writes no answers, or the judge gives no rewards.
    """
    chosen = {"allow_dropped": TOO_LONG} | dict(options or {})
    if chosen.get("best") and judge is None:
        raise BadSpec("Name the reward model that says which answers are best.")
    demand_one_base([model, *beside])
    demand_parts(parts, model)
    prompts = Prompt.objects.of_collection(collection).in_use().order_by("pk")
    if not prompts.exists():
        raise BadSpec(f"“{collection}” has no prompt to answer; import some.")
    who = ", ".join(str(each) for each in (model, *beside))
    runs: list[Run] = []
    for part, some in _split(prompts, parts):
        mine = part and replace(part, of=runs[0].uid if runs else None)
        of = f", part {part.number} of {part.parts}" if part else ""
        run = start_run(
            workspace=collection.workspace,
            recipe=Recipe.GENERATE,
            model=model,
            inputs={"prompts": store_rows(_rows(some.iterator(chunk_size=500)))},
            options=chosen,
            seed=seed,
            by=by,
            title=f"Answers of {who} to {collection}"[: 200 - len(of)] + of,
            kind=GENERATE,
            subject_uid=collection.uid,
            teacher=judge,
            answering=[model, *beside],
            part=mine,
        )
        runs.append(run)
    return runs[0]


def _split(prompts: QuerySet[Prompt], parts: int) -> Iterator[tuple[Part | None, QuerySet[Prompt]]]:
    """Prompts that follow each other, in parts of like size, none of them empty."""
    count = prompts.count()
    parts = min(parts, count)
    bounds = [count * at // parts for at in range(parts + 1)]
    for number, (begin, end) in enumerate(pairwise(bounds), start=1):
        yield Part(number, parts) if parts > 1 else None, prompts[begin:end]


def _rows(prompts: Iterator[Prompt]) -> Iterator[dict[str, Any]]:
    for prompt in prompts:
        tools = tools_in(prompt.documents)
        asked = {"id": str(prompt.uid), "prompt": prompt.messages}
        yield asked | ({"tools": tools} if tools else {})
