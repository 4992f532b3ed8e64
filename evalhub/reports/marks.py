"""How often a model's completions say what is not so, from marked passages and judged steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from evalhub.campaigns.choices import Ask
from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import Evidence, StepVerdict
from evalhub.judgments.models import Span
from evalhub.quality.arrays import Models, columns_of_judgments, said_in
from evalhub.reports.behind import first_of_each
from evalhub.reports.figures import cell
from evalhub.stats.intervals import buckets
from evalhub.stats.slices import shares, table_of

Ints = NDArray[np.int64]

GROUPS = 500
UNBORNE = (Evidence.CONTRADICTED, Evidence.NOT_IN_SOURCE)  # what the sources do not bear out
HALLUCINATIONS = (  # error types of the rubrics that come with evalhub, their plain words, and the field's two
    "contradicts-the-source",
    "extrinsic",
    "extrinsic-hallucination",
    "fabrication",
    "false-statement",
    "hallucination",
    "intrinsic",
    "intrinsic-hallucination",
    "invented-interface",
    "made-up-result",
    "not-in-the-source",
    "unsupported-statement",
    "wrong-fact",
    "wrong-information",
)
_QUOTED = {  # constants only: nothing that anybody wrote
    "{evidence}": ", ".join(f"'{each.value}'" for each in UNBORNE),
    "{types}": ", ".join(f"'{each}'" for each in HALLUCINATIONS),
    "{unsupported}": f"'{StepVerdict.UNSUPPORTED.value}'",
}
_VOTES = """
    SELECT c.completion_id, j.id, j.member_id, p.group_id, (found.judgment_id IS NOT NULL)::int::bigint
    FROM judgments_judgment j
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    JOIN campaigns_taskcompletion c ON c.task_id = t.id
    LEFT JOIN (
        SELECT s.judgment_id, s.completion_id FROM judgments_span s
        JOIN judgments_judgment o ON o.id = s.judgment_id AND o.campaign_id = {campaign}
        WHERE s.evidence IN ({evidence}) OR s.error_type IN ({types})
        UNION
        SELECT s.judgment_id, s.completion_id FROM judgments_judgedstep s
        JOIN judgments_judgment o ON o.id = s.judgment_id AND o.campaign_id = {campaign}
        WHERE s.verdict = {unsupported}
    ) found ON found.judgment_id = j.id AND found.completion_id = c.completion_id
    WHERE j.id IN ({judgments})
"""


def hallucination(campaign: Campaign, written: Models) -> dict[str, Any] | None:
    """The share of each model's completions in which most people marked a hallucination.

    Whoever judged a completion and marked nothing of the kind says that there is none. A completion on
    which as many say one thing as the other is `missing`.

    Returns:
        `models` with intervals by leaving out groups of prompts; `types`, how many passages of each error
        type were marked in how many judgments; `counted` and `not_counted`, which of these types make a
        hallucination. None where the campaign asks for no passages and nobody marked any.
    """
    types = Span.objects.filter(judgment__campaign=campaign).exclude(error_type="")
    marked = sorted(types.order_by().values_list("error_type", flat=True).distinct())
    if not marked and not {Ask.SPANS, Ask.STEPS} & set(campaign.asks):
        spans = Span.objects.filter(judgment__campaign=campaign)
        if not spans.exists():
            return None
    statement = _VOTES.replace("{campaign}", str(int(campaign.pk)))
    for name, quoted in _QUOTED.items():
        statement = statement.replace(name, quoted)
    columns = columns_of_judgments(statement, campaign, 5)
    by_model = rates_of(columns, written) if len(columns[0]) else []
    return {
        "models": by_model,
        "types": types_of(campaign),
        "counted": [each for each in marked if each in HALLUCINATIONS],
        "not_counted": [each for each in marked if each not in HALLUCINATIONS],
    }


def types_of(campaign: Campaign) -> list[dict[str, Any]]:
    """Error types by name, of the judgments that count."""
    spans = Span.objects.filter(judgment__in=said_in(campaign)).exclude(error_type="")
    rows = spans.order_by("error_type").values("error_type")
    counted = rows.annotate(passages=Count("pk"), judged=Count("judgment", distinct=True))
    return [
        {
            "error_type": row["error_type"],
            "passages": row["passages"],
            "in_judgments": row["judged"],
            "is_hallucination": row["error_type"] in HALLUCINATIONS,
        }
        for row in counted
    ]


def rates_of(columns: Sequence[Ints], written: Models) -> list[dict[str, Any]]:
    """A person has one vote on a completion, in however many judgments it came, as from a file with a line for
    each passage.

    Args:
        columns: completion, judgment, member, group of prompts, and whether it was found there.
    """
    completion_R, judgment_R, member_R, group_R, found_R = columns
    completions, first_C, nth_R = np.unique(completion_R, return_index=True, return_inverse=True)
    votes_V2, vote_R = np.unique(np.stack([nth_R, member_R], axis=1), axis=0, return_inverse=True)
    found_V = np.zeros(len(votes_V2))
    np.maximum.at(found_V, vote_R, found_R)
    share_C = np.bincount(votes_V2[:, 0], found_V) / np.bincount(votes_V2[:, 0])
    group_C = np.unique(group_R[first_C], return_inverse=True)[1]
    bucket_C = buckets(int(group_C.max()) + 1, at_most=GROUPS)[group_C]
    model_C = written.of(completions)
    is_even_C = share_C == 0.5
    cell_C = np.where(is_even_C, -1, model_C)
    shape = (int(bucket_C.max()) + 1, len(written.names))
    count_GM = table_of(bucket_C, cell_C, None, shape=shape)
    said = (share_C > 0.5).astype(float)
    rate = shares(table_of(bucket_C, cell_C, said, shape=shape), count_GM)
    missing_M = np.bincount(model_C[is_even_C & (model_C >= 0)], minlength=shape[1])
    by_model_R = model_C[nth_R] >= 0  # and not by a person
    model_R, judgment_R = model_C[nth_R][by_model_R], judgment_R[by_model_R]
    judgments_M = np.bincount(model_R[first_of_each(judgment_R, model_R)], minlength=shape[1])
    return [
        {
            "model": written.names[at],
            **cell(rate, at),
            "n": int(count_GM[:, at].sum()),
            "missing": int(missing_M[at]),
            "judgments": int(judgments_M[at]),
            "behind": {"model": written.uids[at]},
        }
        for at in np.unique(model_R).tolist()
    ]
