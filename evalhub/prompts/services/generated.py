"""Completions that a model of ours wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from evalhub.accounts.models import Workspace
from evalhub.prompts.models import Completion, Generation, Prompt
from evalhub.registry.models import LanguageModel


@dataclass(frozen=True)
class Answer:
    prompt_uid: UUID
    index: int  # counts the answers to one prompt from 0
    content: str
    finish: str
    seed: int | None = None


@dataclass(frozen=True)
class Written:
    generation: Generation
    completions: int
    empty: int  # answers without a character, left out


@transaction.atomic
def record_generation(
    *,
    workspace: Workspace,
    model: LanguageModel,
    settings: dict[str, Any],
    seed: int,
    run_uid: UUID,
    answers: Sequence[Answer],
) -> Written:
    """Store what one run wrote by one model and setting; storing it again changes nothing."""
    known = Generation.objects.filter(
        workspace=workspace, model=model, run_uid=run_uid, settings=settings
    ).first()
    generation = known or Generation.objects.create(
        workspace=workspace, model=model, settings=settings, seed=seed, run_uid=run_uid
    )
    said = [answer for answer in answers if answer.content.strip()]
    prompts = {
        prompt.uid: prompt
        for prompt in Prompt.objects.filter(
            workspace=workspace, uid__in={answer.prompt_uid for answer in said}
        )
    }
    rows = [
        Completion(
            workspace=workspace,
            prompt=prompts[answer.prompt_uid],
            generation=generation,
            external_id=str(answer.index),
            content=answer.content,
            finish=answer.finish,
            seed=answer.seed,
        )
        for answer in said
    ]
    Completion.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return Written(generation, len(said), len(answers) - len(said))
