"""What people corrected or criticised."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.followups.errors import NothingToFollow
from evalhub.followups.rule import Scale, is_low
from evalhub.judgments.choices import Evidence, Source
from evalhub.judgments.models import Correction, Judgment, Rating, Span
from evalhub.prompts.models import Collection
from evalhub.quality.arrays import said_in_any
from evalhub.rubrics.carried import CarriedOver, carried_over
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind

MOST = 20_000  # complaints of each kind that are looked at, the newest
NOT_BORNE_OUT = (Evidence.CONTRADICTED, Evidence.NOT_IN_SOURCE)


class Place(NamedTuple):
    """Keys of a judgment, the answer that it is about, and that answer's prompt."""

    judgment: int
    old: int
    prompt: int


@dataclass(frozen=True)
class Low:
    """A rating in the lower half of its scale."""

    place: Place
    criterion: Criterion
    value: int


@dataclass(frozen=True)
class Raised:
    """All complaints, on criteria of `version` and overall; `elsewhere` counts those on other questions."""

    version: RubricVersion
    low: list[Low]
    overall: list[Place]
    elsewhere: int

    @property
    def places(self) -> set[Place]:
        return {each.place for each in self.low} | set(self.overall)


def raised_in(about: Campaign | Collection, *, sources: Sequence[Source]) -> Raised:
    """The complaints in a campaign, or on a collection's prompts, about answers that models wrote.

    As reports have it: each judgment once, without whoever or whatever is left out there; of those
    `sources` alone.

    Raises:
        NothingToFollow: there are none.
    """
    said = said_about(about).filter(source__in=sources)
    low = list(_low_ratings(said))
    overall = _corrected(said) | _marked(said)
    overall |= _reasoned(said, {each.place for each in low} | overall)
    version = _version(low, overall)
    kept, elsewhere = _on_questions_of(version, low)
    if not kept and not overall:
        raise NothingToFollow(
            f"Nobody corrected or criticised an answer in “{about}”: there is no rating in the lower "
            "half of a scale, no correction and no marked fault."
        )
    return Raised(version, kept, sorted(overall), elsewhere)


def said_about(about: Campaign | Collection) -> QuerySet[Judgment]:
    campaigns = Campaign.objects.filter(workspace=about.workspace_id)
    if isinstance(about, Campaign):
        return said_in_any(campaigns.filter(pk=about.pk))
    rows = said_in_any(campaigns)
    return rows.filter(task__prompt__collection=about)


def drawn(places: Iterable[Place], *, most: int, lot: str) -> set[int]:
    """The keys of at most so many of the prompts, in an order drawn by `lot`."""
    prompts = {place.prompt for place in places}
    return set(sorted(prompts, key=lambda key: _digest(f"{lot}{key}"))[:most])


def edits_of(judgments: Iterable[int]) -> dict[tuple[int, int], str]:
    """Corrections by the keys of judgment and answer, but for those that change nothing."""
    rows = Correction.objects.filter(judgment__in=set(judgments)).order_by("pk")
    columns = rows.values_list("judgment_id", "completion_id", "content", "completion__content")
    return {
        (judgment, old): content
        for judgment, old, content, before in columns
        if folded(content) != folded(before)
    }


def folded(text: str) -> str:
    return " ".join(text.split())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


_WRITTEN_BY_A_MODEL = Q(
    completion__isnull=False,
    completion__written_by=None,
    completion__prompt__archived_at=None,
)
_PLACE = ("judgment_id", "completion_id", "completion__prompt_id")


def _low_ratings(said: QuerySet[Judgment]) -> Iterable[Low]:
    rows = Rating.objects.filter(_WRITTEN_BY_A_MODEL, judgment__in=said, turn=None)
    rows = rows.filter(criterion__kind=ScaleKind.SCALE, value__isnull=False)
    rows = rows.annotate(twice=F("value") * 2)
    rows = rows.filter(twice__lt=F("criterion__low") + F("criterion__high"))
    columns = rows.order_by("-pk").values_list(*_PLACE, "criterion_id", "value")
    found = list(columns[:MOST])
    asked = Criterion.objects.select_related("version__rubric")
    criteria = asked.in_bulk({criterion for *_, criterion, _ in found})
    for *place, criterion, value in found:
        yield Low(Place(*place), criteria[criterion], value)


def _corrected(said: QuerySet[Judgment]) -> set[Place]:
    rows = Correction.objects.filter(_WRITTEN_BY_A_MODEL, judgment__in=said)
    columns = rows.order_by("-pk").values_list(*_PLACE, "content", "completion__content")
    return {
        Place(*place)
        for *place, content, before in columns[:MOST]
        if folded(content) != folded(before)
    }


def _marked(said: QuerySet[Judgment]) -> set[Place]:
    """A passage with an error type, or that the sources do not bear out."""
    rows = Span.objects.filter(_WRITTEN_BY_A_MODEL, judgment__in=said)
    faults = rows.filter(~Q(error_type="") | Q(evidence__in=NOT_BORNE_OUT))
    return {Place(*place) for place in faults.order_by("-pk").values_list(*_PLACE)[:MOST]}


def _reasoned(said: QuerySet[Judgment], known: set[Place]) -> set[Place]:
    """A reason beside another complaint, where it is about one answer: alone it may be praise."""
    keys = {place.judgment for place in known}
    rows = said.filter(pk__in=keys, campaign__type=TaskType.RATING).exclude(critique="")
    reasoned = set(rows.values_list("pk", flat=True))
    return {place for place in known if place.judgment in reasoned}


def _version(low: list[Low], overall: set[Place]) -> RubricVersion:
    """The newest version of the rubric that most complaints are by; without ratings, of any judgment."""
    if low:
        rubrics = Counter(each.criterion.version.rubric_id for each in low)
        [(rubric, _)] = rubrics.most_common(1)
        mine = [each.criterion.version for each in low]
        return max((v for v in mine if v.rubric_id == rubric), key=lambda each: each.number)
    judgments = Judgment.objects.filter(pk__in={place.judgment for place in overall})
    newest = judgments.select_related("campaign__rubric_version__rubric").order_by("-pk").first()
    if newest is None:
        raise NothingToFollow("Nobody corrected or criticised an answer there.")
    return newest.campaign.rubric_version


def _on_questions_of(version: RubricVersion, low: list[Low]) -> tuple[list[Low], int]:
    """Those on its criteria, with what was said by earlier versions carried as leads decided."""
    versions = {each.criterion.version_id for each in low} | {version.pk}
    onwards: CarriedOver = carried_over(versions, at=timezone.now())
    kept: dict[tuple[Place, int], Low] = {}
    for each in low:
        carried = _carried(each, version, onwards)
        if carried is not None:
            kept[carried.place, carried.criterion.pk] = carried
    return list(kept.values()), len(low) - len(kept)


def _carried(low: Low, version: RubricVersion, onwards: CarriedOver) -> Low | None:
    if low.criterion.version_id == version.pk:
        return low
    end = onwards.get(low.criterion.pk)
    if end is None or end.criterion.version_id != version.pk:
        return None
    value = end.value(low.value)
    scale = Scale(end.criterion.low, end.criterion.high)
    if value is None or end.criterion.kind != ScaleKind.SCALE or not is_low(value, scale):
        return None
    return Low(low.place, end.criterion, value)
