"""The judgments behind a figure of a report: what counts there, who was asked what, and about whom.

Reports name these criteria beside each of their figures; see evalhub/reports/behind.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Length

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import Origin
from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.judgments.choices import IN_WORDS
from evalhub.judgments.models import (
    Judgment,
    JudgmentQuerySet,
    Preference,
    RankedCompletion,
    Rating,
)
from evalhub.prompts.models import Generation
from evalhub.quality.arrays import usable
from evalhub.quality.choices import Answer, Counts, Preferred
from evalhub.quality.questions import OVERALL
from evalhub.rubrics.models import Criterion, RubricVersion

Criteria = Mapping[str, str]
Rows = QuerySet[Any]  # of Judgment
OTHER, ANYBODY = "other", "anybody"
ASKED = frozenset({"counts", "question", "version", "answer", "against", "preferred", "beside"})
OF_PAIRS = frozenset({"against", "preferred"})


def takes_model(criteria: Criteria) -> bool:
    """Whether the model is one that the answer is about, and not any that its task shows."""
    return bool({"question", "answer", *OF_PAIRS} & set(criteria))


def behind_figure(rows: Rows, workspace: Workspace, criteria: Criteria) -> Rows:
    """Those of `rows` that a figure with these criteria is made of."""
    found = _told(_counted(rows, workspace, criteria), workspace, criteria)
    if not (beside := criteria.get("beside")):
        return found
    others: Rows = Judgment.objects.filter(workspace=workspace, task=OuterRef("task"))
    if beside == ANYBODY:
        others = others.exclude(member=OuterRef("member"))
    else:
        others = others.filter(member__uid=UUID(beside))
    others = _told(_counted(others, workspace, criteria), workspace, criteria)
    return found.filter(Exists(others))


def _counted(rows: Rows, workspace: Workspace, criteria: Criteria) -> Rows:
    counts = criteria.get("counts")
    if counts is None or not isinstance(rows, JudgmentQuerySet):
        return rows
    if counts == Counts.OWN:
        return rows.own_words()
    if counts == Counts.PLACES:
        first = Q(supersedes=None, withdrawn_at=None, is_extra=False, assignment__isnull=False)
        return rows.filter(first)
    is_model = _of_model(workspace, criteria)
    said = usable(rows.said_by_models() if is_model else rows.own_words())
    return said if counts == Counts.SAID else said.filter(saw_proposal=False)


def _of_model(workspace: Workspace, criteria: Criteria) -> bool:
    """Whether the campaign is a judge model's own."""
    if "campaign" not in criteria:
        return False
    asked = Campaign.objects.filter(workspace=workspace, uid=UUID(criteria["campaign"]))
    return asked.filter(origin=Origin.MODEL).exists()


def _told(rows: Rows, workspace: Workspace, criteria: Criteria) -> Rows:
    """What answers the question, about the models; of the overall question, under the version."""
    question = criteria.get("question", "")
    kind, _, slug = question.partition(":")
    is_of_criterion = bool(slug) and slug != OVERALL
    if "version" in criteria and not is_of_criterion:
        rows = rows.filter(_under(workspace, criteria["version"]))
    if kind == "compared" or (not kind and OF_PAIRS & set(criteria)):
        return rows.filter(_compares(workspace, criteria, slug))
    if kind == "rated" or "answer" in criteria:
        return rows.filter(_rates(workspace, criteria, slug))
    return rows


def _under(workspace: Workspace, uid: str) -> Q:
    """The version that was shown; where no two were tried, that of the campaign."""
    versions = RubricVersion.objects.filter(rubric__workspace=workspace, uid=UUID(uid))
    keys = list(versions.values_list("pk", flat=True))
    return Q(rubric_version__in=keys) | Q(rubric_version=None, campaign__rubric_version__in=keys)


def _criteria_called(workspace: Workspace, slug: str, version: str | None) -> list[int]:
    rows = Criterion.objects.filter(version__rubric__workspace=workspace, slug=slug)
    if version:
        rows = rows.filter(version__uid=UUID(version))
    return list(rows.values_list("pk", flat=True))


def _rates(workspace: Workspace, criteria: Criteria, slug: str) -> Exists:
    said = Rating.objects.filter(judgment=OuterRef("pk"))
    if slug:
        keys = _criteria_called(workspace, slug, criteria.get("version"))
        said = said.filter(criterion__in=keys)
    if "model" in criteria:
        said = said.filter(completion__generation__in=made_by(workspace, criteria["model"]))
    if "answer" in criteria:
        is_given = criteria["answer"] == Answer.GIVEN
        said = said.filter(value__isnull=not is_given)
        if not is_given:
            said = said.exclude(reason=IN_WORDS)
    return Exists(said)


def _compares(workspace: Workspace, criteria: Criteria, slug: str) -> Q:
    """A preference between the models, or, of the overall question, a ranking that has both."""
    one, two = (criteria.get(name, "") for name in ("model", "against"))
    mine, theirs = made_by(workspace, one), made_by(workspace, "" if two == OTHER else two)
    said = Preference.objects.filter(judgment=OuterRef("pk"))
    if slug == OVERALL:
        said = said.filter(criterion=None)
    elif slug:
        keys = _criteria_called(workspace, slug, criteria.get("version"))
        said = said.filter(criterion__in=keys)
    either = Q()
    for first, second in (("first", "second"), ("second", "first")):
        sides = _side(f"{first}__generation", one, mine) & _side(
            f"{second}__generation", two, theirs
        )
        if two == OTHER:
            sides &= ~Q(**{f"{second}__generation__model": F(f"{first}__generation__model")})
            sides &= Q(first__written_by=None, second__written_by=None)  # an edit is no model's
        either |= sides
    preferred = criteria.get("preferred", "")
    preferring = _preferring(said.filter(either), preferred)
    if preferred in _BY_PLACE or slug not in (OVERALL, ""):
        told = Subquery(preferring.values(told=Value(value=True))[:1], output_field=BooleanField())
        return Q(Coalesce(told, Value(value=False)))
    return Q(Exists(preferring)) | Q(Exists(_ranked_so(_ranked(one, two, mine, theirs), preferred)))


# Nobody is asked what stood first of a ranking, nor ranks by a criterion. An EXISTS alone would become a join, which
# the planner takes for one of a single row, and within a CASE a hash of all that was compared: five seconds at a million.
# A scalar sub-select is worked out row by row, newest first.
_BY_PLACE = (Preferred.FIRST, Preferred.SECOND)


def _preferring(said: QuerySet[Preference], preferred: str) -> QuerySet[Preference]:
    """Those that prefer the longer one, or whatever is asked for; a tie prefers neither."""
    if not preferred:
        return said
    if preferred in _BY_PLACE:
        sides = ("first", "second") if preferred == Preferred.FIRST else ("second", "first")
        stood_first = TaskCompletion.objects.filter(
            task=OuterRef("judgment__task"),
            place=OuterRef("judgment__assignment__permutation__0"),
        )
        asked_for = Case(*(When(sign, then=side) for sign, side in zip(_WON, sides, strict=True)))
        return said.alias(asked_for=asked_for).filter(
            asked_for=Subquery(stood_first.values("completion")[:1])
        )
    gap = Length("first__content") - Length("second__content")
    if preferred == Preferred.SHORTER:
        gap = -gap
    first, second = _WON
    return said.alias(gap=gap).filter(first & Q(gap__gt=0) | second & Q(gap__lt=0))


_WON = (Q(margin__gt=0), Q(margin__lt=0))  # the first did, the second did


def _ranked_so(ranked: QuerySet[RankedCompletion], preferred: str) -> QuerySet[RankedCompletion]:
    """Those above another one that is shorter, or longer."""
    if not preferred:
        return ranked
    below = RankedCompletion.objects.filter(
        judgment=OuterRef("judgment"), tier__gt=OuterRef("tier")
    )
    gap = Length(OuterRef("completion__content")) - Length("completion__content")
    below = below.alias(gap=gap)
    is_longer = preferred == Preferred.LONGER
    return ranked.filter(Exists(below.filter(gap__gt=0) if is_longer else below.filter(gap__lt=0)))


def _ranked(one: str, two: str, mine: list[int], theirs: list[int]) -> QuerySet[RankedCompletion]:
    """A ranked completion beside which the same judgment ranks another one, by these models."""
    about = "completion__generation"
    others = RankedCompletion.objects.filter(judgment=OuterRef("judgment"))
    others = others.exclude(completion=OuterRef("completion")).filter(_side(about, two, theirs))
    ranked = RankedCompletion.objects.filter(judgment=OuterRef("pk")).filter(
        _side(about, one, mine)
    )
    if two == OTHER:
        others = others.exclude(**{f"{about}__model": OuterRef(f"{about}__model")})
        others = others.filter(completion__written_by=None)
        ranked = ranked.filter(completion__written_by=None)
    return ranked.filter(Exists(others))


def _side(generation: str, model: str, made: list[int]) -> Q:
    """Nothing is asked of a side whose model is open."""
    return Q(**{f"{generation}__in": made}) if model not in ("", OTHER) else Q()


def made_by(workspace: Workspace, uid: str) -> list[int]:
    if not uid:
        return []
    made = Generation.objects.filter(workspace=workspace, model__uid=UUID(uid))
    return list(made.values_list("pk", flat=True))
