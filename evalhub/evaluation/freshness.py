"""How much of a set is new: what was looked at before has been learnt from, if only by people."""

from __future__ import annotations

from evalhub.common.files import Beat, file_store, unwatched
from evalhub.evaluation.models import Evaluation
from evalhub.runs.inputs import read_rows

MOST_SETS = 20  # that a set is held against, the latest ones


def freshness_of(
    evaluation: Evaluation, groups: set[str], beat: Beat = unwatched
) -> dict[str, int]:
    """How many of the set's prompt groups no set had that was measured on before it.

    Returns:
        {"groups", "fresh", "sets"}; sets: how many earlier ones there were, the last 20 at most.
    """
    everything = Evaluation.objects.filter(workspace=evaluation.workspace)
    first = everything.filter(set_digest=evaluation.set_digest).earliest("pk")
    earlier = everything.filter(pk__lt=first.pk).exclude(metrics={}).select_related("run")
    known: set[str] = set()
    seen: set[str] = set()
    for each in earlier.order_by("-pk"):
        if each.set_digest in seen:
            continue
        if len(seen) == MOST_SETS:
            break
        seen.add(each.set_digest)
        for file in each.run.spec.get("inputs", {}).values():
            if file_store().exists(file["key"]):  # else a person was erased who stood in it
                for row in read_rows(file["key"]):
                    beat()
                    known.add(row["group"])
    return {"groups": len(groups), "fresh": len(groups - known), "sets": len(seen)}
