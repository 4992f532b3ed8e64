from __future__ import annotations

import uuid

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.canonical import sha256_of
from evalhub.prompts.models import Collection, Prompt, Split
from evalhub.prompts.queries import prompts_within
from evalhub.prompts.services.rewritten import collection_for_rewritten
from evalhub.registry.models import LanguageModel
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import FileRef, store_rows
from evalhub.runs.models import Recipe, Rewriting, RewritingWay, Run
from evalhub.runs.rewriting.asking import LANGUAGES, first_rows
from evalhub.runs.services import start_run

REWRITE = "runs.rewrite"
MOST_EACH, MOST_PROMPTS = 4, 10_000


@transaction.atomic
def start_rewriting(
    *,
    collection: Collection,
    model: LanguageModel,
    way: str,
    language: str = "",
    through: str = "",
    each: int = 1,
    most: int = 1000,
    max_new_tokens: int = 256,
    seed: int = 0,
    by: Member | None = None,
) -> Rewriting:
    """Let a model write the prompts of a collection anew, by one run, or by two for there and back.

    Only prompts for training, each by its last turn; the new ones are for training too, in the groups
    of their parents.

    Args:
        language: two letters, of the prompts; for back-translation.
        through: two letters, of the language in between.
        each: new prompts for each one, at most.
        most: prompts to write anew, drawn by `seed`.

    Raises:
        BadSpec: a value means nothing, or no prompt of the collection is for training.
        CannotRun: the model is only a name, or writes nothing.
    """
    _check(way, language, through, each, most)
    prompts = rewritable(collection, most=most, seed=seed)
    if not prompts:
        raise BadSpec(f"“{collection}” has no prompt for training that ends with a user’s turn.")
    rewriting = Rewriting(
        uid=uuid.uuid4(),
        workspace=collection.workspace,
        source=collection,
        target=collection_for_rewritten(source=collection, way=way, by=by),
        way=way,
        language=language if way == RewritingWay.BACK_TRANSLATION else "",
        through=through if way == RewritingWay.BACK_TRANSLATION else "",
        created_by=by,
    )
    rows = first_rows(prompts, way, through, n=each)
    options = {
        "max_new_tokens": max_new_tokens,
        "allow_dropped": "a prompt that is too long is not written anew",
    }
    rewriting.first = run_of(
        rewriting, model, store_rows(rows), options, seed, title=f"{rewriting}", by=by
    )
    rewriting.save()
    record(
        "rewriting.started",
        actor=by.pseudonym if by else "system",
        workspace=collection.workspace.slug,
        target=f"rewriting {rewriting.uid}",
        collection=collection.slug,
        way=way,
        prompts=len(prompts),
    )
    return rewriting


def run_of(
    rewriting: Rewriting,
    model: LanguageModel,
    prompts: FileRef,
    options: dict[str, object],
    seed: int,
    *,
    title: str,
    by: Member | None,
) -> Run:
    return start_run(
        workspace=rewriting.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": prompts},
        options=options,
        seed=seed,
        by=by,
        title=title,
        kind=REWRITE,
        subject_uid=rewriting.uid,
    )


def rewritable(collection: Collection, *, most: int, seed: int) -> list[Prompt]:
    """Prompts for training that no model wrote and in which a user has the last word."""
    prompts = prompts_within(collection).filter(group__split=Split.TRAIN, parent=None)
    drawn = sorted(
        prompts.values_list("pk", "uid", "messages__-1__role").iterator(),
        key=lambda each: sha256_of(f"{seed}:{each[1]}"),
    )
    keys = [key for key, _, role in drawn if role == "user"][:most]
    return list(Prompt.objects.filter(pk__in=keys).order_by("pk"))


def _check(way: str, language: str, through: str, each: int, most: int) -> None:
    if way not in RewritingWay.values:
        raise BadSpec(f"Prompts are written anew by {' or '.join(RewritingWay)}, not {way!r}.")
    are_two = {language, through} <= LANGUAGES.keys() and language != through
    if way == RewritingWay.BACK_TRANSLATION and not are_two:
        known = ", ".join(LANGUAGES)
        raise BadSpec(f"Name two languages, of the prompts and in between: of {known}.")
    if not 1 <= each <= MOST_EACH:
        raise BadSpec(f"Each prompt gives 1 to {MOST_EACH} new ones, not {each}.")
    if not 1 <= most <= MOST_PROMPTS:
        raise BadSpec(f"1 to {MOST_PROMPTS:,} prompts are written anew at once, not {most:,}.")
