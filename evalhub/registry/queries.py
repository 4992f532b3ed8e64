from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evalhub.accounts.models import Workspace
from evalhub.registry.models import LanguageModel, ModelKind


@dataclass(frozen=True)
class Node:
    """A model and what was trained from it.

    `figures` are in words, of its newest evaluation on builds that has any of those that decide; what was
    measured for a gate's probe alone does not count.
    """

    model: LanguageModel
    figures: list[str]
    set_digest: str  # that they are of; empty where there are none
    verdict: str
    rounds: list[Any]  # Rounds, of an app above, that its training was of
    children: list[Node]


def lineage_of(workspace: Workspace) -> list[Node]:
    """Every base with what was trained from it below it, in as many queries for any number."""
    models = LanguageModel.objects.of_workspace(workspace).order_by("pk")
    listed = list(models.prefetch_related("evaluations", "promotions", "made_by__rounds__loop"))
    below: defaultdict[int | None, list[LanguageModel]] = defaultdict(list)
    for model in listed:
        below[model.parent_id].append(model)
    roots = [model for model in below[None] if model.kind != ModelKind.EXTERNAL]
    return [_node(model, below) for model in roots]


def sets_of(nodes: Iterable[Node]) -> list[str]:
    """The digests of the sets whose figures they tell, all below them too."""
    return [
        digest
        for node in nodes
        for digest in ([node.set_digest] if node.set_digest else []) + sets_of(node.children)
    ]


def _node(model: LanguageModel, below: dict[int | None, list[LanguageModel]]) -> Node:
    # the evaluations and promotions point here from an app above; newest first by their Meta
    measured = (
        (told, each.set_digest)
        for each in model.evaluations.all()
        if each.metrics and not each.benchmark_id and not each.is_probe
        if (told := _figures(each.metrics))
    )
    figures, set_digest = next(measured, ([], ""))
    promotion = next(iter(model.promotions.all()), None)
    return Node(
        model=model,
        figures=figures,
        set_digest=set_digest,
        verdict=promotion.decision if promotion else "",
        rounds=list(run.rounds.all()) if (run := getattr(model, "made_by", None)) else [],
        children=[_node(child, below) for child in below[model.pk]],
    )


def _figures(metrics: dict[str, Any]) -> list[str]:
    """Those that decide; what was not measured is left out."""
    accuracy, perplexity = metrics["preference_accuracy"], metrics["perplexity"]
    rewards = metrics.get("reward_accuracy", {"n": 0})  # evaluations of before have none
    told = []
    if rewards["n"]:  # of a reward model, which writes nothing and so has neither of the others
        told.append(f"reward accuracy {rewards['value'] * 100:.0f} %")
    if accuracy["n"]:
        told.append(f"preference accuracy {accuracy['value'] * 100:.0f} %")
    if perplexity["n"]:
        told.append(f"perplexity {perplexity['value']:.2f}")
    return told
