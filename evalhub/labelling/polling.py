"""Letting functions vote on tasks or prompts. Shapes: U of those, J functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evalhub.labelling.figures import Figures, FunctionFigures
from evalhub.labelling.grounds import Ground
from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.parameters import models_of, parameters_of
from evalhub.labelling.voting import Material, votes_by
from evalhub.rubrics.models import Criterion
from evalhub.stats.label_model import LabelModel, count_votes, label_model

MOST_GIVEN_UP = 100  # texts on which a pattern took too long; then the function is stopped
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Report(Protocol):
    """Hears how far it is."""

    def __call__(self, *, done: int | None = None, total: int | None = None) -> object: ...


@dataclass(frozen=True)
class Poll:
    """Who voted on what, and what follows."""

    functions: list[LabellingFunction]
    key_U: Ints  # of tasks or prompts, rising
    votes_UJ: Bools
    chosen_U: Ints  # the proposed value's place in the criterion's points; -1: none
    model: LabelModel
    figures: Figures


def poll(ground: Ground, criterion: Criterion, *, report: Report) -> Poll:
    """Let every active function of the criterion vote on every row; nothing is stored."""
    active = LabellingFunction.objects.of(criterion).active().order_by("pk")
    voters = [_Voter(each) for each in active]
    key_U, votes_UJ = _collected(ground, voters, report)
    values = list(criterion.points)
    places = [values.index(voter.function.value) for voter in voters]
    model = label_model(votes_UJ, places, values=len(values), beat=report)
    chosen_U = _chosen(votes_UJ, places, model)
    labels = ground.labels_by_people(criterion)
    label_U = np.array([_place(labels.get(key), criterion) for key in key_U.tolist()], np.int64)
    figures = _figures(voters, votes_UJ, places, model, chosen_U, label_U)
    functions = [voter.function for voter in voters]
    return Poll(functions, key_U, votes_UJ, chosen_U, model, figures)


class _Voter:
    """A function at work."""

    def __init__(self, function: LabellingFunction) -> None:
        self.function = function
        self.parameters = parameters_of(function.kind, function.parameters)
        self.votes = votes_by(self.parameters)
        self.gave_up = 0

    @property
    def is_stopped(self) -> bool:
        return self.gave_up >= MOST_GIVEN_UP

    def vote(self, prompt: Material) -> bool:
        if self.is_stopped:
            return False
        try:
            return self.votes(prompt)
        except TimeoutError:
            self.gave_up += 1
            return False


def _collected(ground: Ground, voters: Sequence[_Voter], report: Report) -> tuple[Ints, Bools]:
    total, keys, rows = ground.rows.count(), [], bytearray()
    models = models_of(voter.parameters for voter in voters)
    for nth, (key, prompt) in enumerate(ground.materials(models)):
        report(done=nth, total=total)
        keys.append(key)
        rows += bytes(voter.vote(prompt) for voter in voters)
    report(done=len(keys), total=len(keys))
    votes_UJ = np.frombuffer(bytes(rows), dtype=bool).reshape(len(keys), len(voters))
    going_J = np.array([not voter.is_stopped for voter in voters], dtype=bool)
    return np.array(keys, dtype=np.int64), votes_UJ & going_J


def _place(value: int | None, criterion: Criterion) -> int:
    return -1 if value is None else value - criterion.low


def _chosen(votes_UJ: Bools, places: Sequence[int], model: LabelModel) -> Ints:
    """The likeliest value as its place; -1 where no function votes for it."""
    best_U: Ints = model.truth_UV.argmax(axis=1)
    place_J = np.array(places, dtype=np.int64)
    is_voted_U = (votes_UJ & (place_J[None, :] == best_U[:, None])).any(axis=1)
    return np.where(is_voted_U, best_U, -1)


def _figures(
    voters: Sequence[_Voter],
    votes_UJ: Bools,
    places: Sequence[int],
    model: LabelModel,
    chosen_U: Ints,
    label_U: Ints,
) -> Figures:
    """Args: label_U: what people said, as a place; -1: nothing, or a tie."""
    counts = count_votes(votes_UJ, places, values=model.truth_UV.shape[1])
    is_labelled_U = label_U >= 0
    functions = []
    for nth, voter in enumerate(voters):
        known_U = votes_UJ[:, nth] & is_labelled_U
        accuracy = float(model.accuracy_J[nth])
        functions.append(
            FunctionFigures(
                function=voter.function.uid,
                name=voter.function.name,
                number=voter.function.number,
                value=voter.function.value,
                votes=int(counts.votes_J[nth]),
                overlaps=int(counts.overlaps_J[nth]),
                conflicts=int(counts.conflicts_J[nth]),
                accuracy=None if np.isnan(accuracy) else accuracy,
                right=int((known_U & (label_U == places[nth])).sum()),
                labelled=int(known_U.sum()),
                gave_up=voter.gave_up,
                is_stopped=voter.is_stopped,
            )
        )
    compared_U = (chosen_U >= 0) & is_labelled_U
    return Figures(
        tasks=len(label_U),
        covered=counts.covered,
        proposed=int((chosen_U >= 0).sum()),
        labelled=int(is_labelled_U.sum()),
        right=int((compared_U & (chosen_U == label_U)).sum()),
        compared=int(compared_U.sum()),
        is_settled=model.is_settled,
        functions=functions,
    )
