from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.enums import TextChoices
from django.db.models.expressions import RawSQL
from django.utils import timezone

from evalhub.accounts.models import Workspace, slug_rule
from evalhub.common.models import PublicModel, one_of
from evalhub.prompts.querysets import slices_of, words_of
from evalhub.registry.models import LanguageModel


class Split(TextChoices):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    NONE = "none"  # merged from groups of different splits: used by nothing


class Collection(PublicModel):
    """A named set of prompts.

    Those of a red-team collection were written to make a model fail: builds for training leave them
    out unless their definition asks.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="collections")
    slug = models.CharField(max_length=50, validators=[slug_rule])
    name = models.CharField(max_length=100)
    licence = models.CharField(max_length=200, blank=True, db_default="")  # empty: not stated
    is_red_team = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"], name="collection_slug_once_per_workspace"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PromptGroup(PublicModel):
    """All turns of one conversation and all near-duplicates of a prompt.

    `split` is drawn when the group is made, from sha256(salt, uid), and never moves. When groups
    of different splits are merged, the later one points at the earlier and its split is `none`.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="prompt_groups")
    split = models.CharField(max_length=10, choices=Split.choices)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [one_of("group_split_known", "split", Split)]

    def __str__(self) -> str:
        return f"{self.uid} ({self.split})"


_WRITTEN_FROM_ARCHIVED = """
    WITH RECURSIVE below AS (
        SELECT p.id FROM prompts_prompt p JOIN prompts_prompt above ON above.id = p.parent_id
        WHERE above.archived_at IS NOT NULL
        UNION
        SELECT p.id FROM prompts_prompt p JOIN below ON below.id = p.parent_id
    )
    SELECT id FROM below
"""


def _written_from_archived() -> Q:
    return Q(parent__isnull=False, pk__in=RawSQL(_WRITTEN_FROM_ARCHIVED, []))  # noqa: S611  a constant


class PromptQuerySet(models.QuerySet["Prompt"]):
    def of_collection(self, collection: Collection) -> Self:
        return self.filter(collection=collection)

    def in_split(self, split: Split) -> Self:
        return self.filter(group__split=split)

    def in_use(self) -> Self:
        """What new tasks and answers are made for: nobody has archived them, or what they were written
        anew from.
        """
        return self.filter(archived_at=None).exclude(_written_from_archived())

    def written_from_archived(self) -> Self:
        """Those that were written anew from a prompt that is archived, over any number of steps."""
        return self.filter(_written_from_archived())

    def not_sketched(self) -> Self:
        """Those whose near-duplicates nobody has looked for yet."""
        return self.filter(sketch=None)


class Prompt(PublicModel):
    """A conversation up to the turn to be answered. Its text never changes.

    An archived one stays with all that was said about it; no new task, answer or build takes it.
    """

    workspace = models.ForeignKey(
        Workspace, models.PROTECT, related_name="prompts", db_index=False
    )  # an index below begins with it
    collection = models.ForeignKey(
        Collection, models.PROTECT, related_name="prompts", db_index=False
    )
    group = models.ForeignKey(PromptGroup, models.PROTECT, related_name="prompts")
    external_id = models.CharField(max_length=200)
    messages: models.JSONField[list[dict[str, Any]]] = models.JSONField()
    # role, content, and of an assistant's turn that called tools: tool_calls (see Completion)
    fingerprint = models.CharField(max_length=64)  # sha256 of the folded text, for exact groups
    reference = models.TextField(null=True, blank=True)  # noqa: DJ001  none given is not empty
    documents: models.JSONField[list[Any]] = models.JSONField(default=list)
    slices: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    archived_at = models.DateTimeField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="rewritings", db_index=False
    )  # of one that a model wrote anew: in the same group for ever

    objects = PromptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "collection", "external_id"],
                name="prompt_id_once_per_collection",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "fingerprint"], name="prompt_by_fingerprint"),
            models.Index(fields=["workspace", "id"], name="prompt_by_workspace"),
            models.Index(fields=["collection", "id"], name="prompt_by_collection"),
            models.Index(
                fields=["workspace", "id"],
                name="prompt_archived",
                condition=Q(archived_at__isnull=False),
            ),
            models.Index(
                fields=["parent"],
                name="prompt_by_parent",
                condition=Q(parent__isnull=False),
            ),
            GinIndex(words_of("messages"), name="prompt_by_words"),
            GinIndex(slices_of("slices"), name="prompt_by_slice"),
        ]

    def __str__(self) -> str:
        return self.last_turn[:80]

    @property
    def last_turn(self) -> str:
        return self.messages[-1]["content"] if self.messages else ""


class Sketch(models.Model):
    """The bands of a prompt's MinHash: prompts that share one may be near-duplicates.

    A prompt that has one was compared with all that had one before it.
    """

    prompt = models.OneToOneField(Prompt, models.PROTECT, primary_key=True)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()  # of how it was made, see prompts.near
    bands = models.BinaryField()  # numbers of 64 bits, one after the other

    def __str__(self) -> str:
        return f"{self.prompt_id} {self.version}"


class Generation(PublicModel):
    """A generating act: a model, decoding settings, a seed."""

    workspace = models.ForeignKey(Workspace, models.PROTECT)
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="generations")
    settings: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    seed = models.BigIntegerField(null=True, blank=True)
    run_uid = models.UUIDField(null=True, blank=True)  # the Run that did it; it lives above

    def __str__(self) -> str:
        return f"{self.model_id} {self.created_at:%Y-%m-%d}"


class CompletionQuerySet(models.QuerySet["Completion"]):
    def by_model(self, model: LanguageModel) -> Self:
        return self.filter(generation__model=model)


class Completion(PublicModel):
    """One answer to one prompt. Annotators read "Response A" and never see an id of it."""

    workspace = models.ForeignKey(
        Workspace, models.PROTECT, db_index=False
    )  # an index below begins with it
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="completions", db_index=False)
    generation = models.ForeignKey(Generation, models.PROTECT, related_name="completions")
    external_id = models.CharField(max_length=200)  # the file's, or "<index>" of a generation
    content = models.TextField()
    tool_calls: models.JSONField[list[dict[str, Any]]] = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), blank=True
    )
    # [{"name", "arguments": {…}}], in the order in which they were made
    finish = models.CharField(max_length=10, blank=True)  # "stop", "length" or unknown
    seed = models.BigIntegerField(null=True, blank=True)  # of this answer, where it was drawn
    written_by = models.ForeignKey("accounts.Member", models.PROTECT, null=True, blank=True)

    objects = CompletionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "external_id", "generation"],
                name="completion_id_once_per_generation",
            ),
            models.CheckConstraint(
                condition=~Q(content="") | ~Q(tool_calls=[]), name="completion_is_not_empty"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "id"], name="completion_by_workspace"),
            GinIndex(words_of("content"), name="completion_by_words"),
        ]

    def __str__(self) -> str:
        return self.content[:80]


class ScoreQuerySet(models.QuerySet["Score"]):
    def by_model(self, model: LanguageModel) -> Self:
        return self.filter(model=model)


class Score(models.Model):
    """A number that a reward model gave a completion. Between answers to one prompt the difference is the
    logarithm of the odds that the first is preferred; by itself it means nothing.
    """

    completion = models.ForeignKey(
        Completion, models.PROTECT, related_name="scores", db_index=False
    )  # the constraint below begins with it
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="scores")
    value = models.FloatField()
    run_uid = models.UUIDField()  # the Run that did it; it lives above
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["completion", "model"], name="one_score_per_completion_and_model"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value:.3f} by {self.model_id}"
