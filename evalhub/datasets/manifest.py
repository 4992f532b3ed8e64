"""What a build says about itself: for machines (manifest.json) and for people (card.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.db.models import Count

from evalhub.datasets.card import licences_of, more_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.entities import told_in_words
from evalhub.datasets.counting import Counts
from evalhub.datasets.definition import Definition, as_json
from evalhub.datasets.kinds import PAIRS
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.datasets.rows import LEARNT
from evalhub.quality.models import ConsensusSnapshot
from evalhub.quality.scope import Scope

MOST_ANNOTATORS = 1000  # listed one by one


def manifest_of(
    build: DatasetBuild,
    *,
    definition: Definition,
    scope: Scope,
    agreement: dict[str, Any],
    counts: Counts,
    lengths: Lengths,
    grouping: dict[str, Any],
    cleaning: dict[str, Any],
    augmentation: dict[str, Any],
    findings: dict[str, Any],
    digest: str,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "build": str(build.uid),
        "dataset": build.dataset.name,
        "kind": build.kind,
        "digest": digest,
        "licence": definition.licence or "not stated",
        "definition": as_json(definition),
        "snapshot": _snapshot(scope.snapshot),
        "rows": {split: counts.rows[split] for split in SPLITS},
        "groups": {split: len(counts.groups[split]) for split in SPLITS},
        "from": dict(sorted(counts.origins.items())),
        "found": counts.found,
        "judgments_behind_rows": counts.behind_rows,
        "identical_merged": counts.identical_merged,
        "prompts": counts.prompts,
        "test_prompts": counts.test_prompts,
        "judgments": _judgments(scope),
        "earlier_versions": {name: counts.carried[name] for name in ("kept", "mapped", "left")},
        "agreement": agreement | {"answers_left_out": counts.distrusted} if agreement else {},
        "left_out": counts.left_out_report(),
        "ties_at_one_half": counts.half,
        "judged_by": _judged_by(definition),
        "mixture": counts.mixture,
        "balance": counts.balance,
        "length": lengths.report(),
        "grouping": grouping,
        "cleaning": cleaning,
        "augmentation": augmentation,
        "report": findings,
    }


def _snapshot(snapshot: ConsensusSnapshot) -> dict[str, Any]:
    """`fits`: the models of how far people can be relied on, where the consensus is by those."""
    return {
        "uid": str(snapshot.uid),
        "taken_at": f"{snapshot.created_at:%Y-%m-%dT%H:%M:%S}Z",
        "judgments": snapshot.judgments,
        "digest": snapshot.digest,
        "fits": [str(uid) for uid in snapshot.fits.order_by("pk").values_list("uid", flat=True)],
    }


def _judged_by(definition: Definition) -> dict[str, Any]:
    """Which question decides: one criterion, a weighted sum, or all as the rubric weighs them."""
    if definition.weights:
        return {"weighted_sum": definition.weights}
    return {"criterion": definition.criterion or "overall; of ratings the rubric's weighted mean"}


def _judgments(scope: Scope) -> dict[str, Any]:
    """Whose judgments were used, and whose were not because of their source."""
    rows = scope.reachable().order_by().values_list("source", "member__uid")
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for source, member, count in rows.annotate(count=Count("pk")):
        by_source[source][str(member)] += count
    asked = {source.value for source in scope.sources}
    people: Counter[str] = sum((by_source[each] for each in asked), Counter())
    told = {
        source: {"judgments": members.total(), "annotators": len(members)}
        for source, members in sorted(by_source.items())
    }
    return {
        "used": {name: each for name, each in told.items() if name in asked},
        "left_out": {name: each for name, each in told.items() if name not in asked},
        "superseded": scope.superseded().count(),
        "extra": scope.extra().count(),
        "too_young": scope.unsettled().count(),
        "excluded": scope.excluded().count(),
        "withdrawn": scope.withdrawn().count(),
        "set_aside": scope.set_aside().count(),
        "annotators": [
            {"member": member, "judgments": count}
            for member, count in sorted(people.items(), key=lambda each: (-each[1], each[0]))[
                :MOST_ANNOTATORS
            ]
        ],
    }


def card_of(manifest: dict[str, Any]) -> str:
    """The data card, in Markdown."""
    rows = manifest["rows"]
    return "\n".join(
        [
            f"# {manifest['dataset']}",
            "",
            f"A {manifest['kind']} dataset built by evalhub. Digest `{manifest['digest']}`.",
            "",
            f"- Rows: {rows['train']:,} train, {rows['validation']:,} validation, {rows['test']:,} "
            "test, split by prompt group (a prompt, its near-duplicates, all turns of a "
            "conversation).",
            f"- {_sources(manifest['judgments'])}",
            *_earlier(manifest["earlier_versions"]),
            *_agreement(manifest.get("agreement", {})),
            f"- Identical rows that became one: {manifest['identical_merged']:,}.",
            f"- Length: {_length(manifest['length'])}",
            *_cleaning(manifest["cleaning"]),
            *_augmentation(manifest["augmentation"]),
            f"- Licence of the sources: {', '.join(licences_of(manifest))}.",
            "",
            "## Left out",
            "",
            *_left_out(manifest["left_out"]),
            "",
            "## Columns",
            "",
            _columns(manifest),
            *more_of(manifest),
        ]
    )


_BODY = {
    BuildKind.SFT: "`prompt`, `completion`",
    BuildKind.PREFERENCE: "`prompt`, `chosen`, `rejected`",
    BuildKind.UNPAIRED: "`prompt`, `completion`, and `label`, whether it is good",
    BuildKind.REWARD: "`prompt`, `chosen`, `rejected`, and `margin`, how much better",
    BuildKind.CLASSIFICATION: "`prompt`, `criterion`, `label`, and `share`, how sure the label is",
    BuildKind.TEXT: "`text`",
    BuildKind.EVALUATION: "`prompt`, `reference`, and `completions` with what people gave them",
}


def _columns(manifest: dict[str, Any]) -> str:
    """What stands in a row of this kind; the votes behind it, or how far they can be relied on."""
    kind = BuildKind(manifest["kind"])
    told = [_BODY[kind], "`id` names the row by its text", "`group` is what the split is drawn for"]
    weight = "the number of judgments behind the row"
    if kind in (BuildKind.SFT, BuildKind.TEXT):
        weight = "1"
    if kind in LEARNT and _is_relied(manifest):
        weight += ", and of what people wrote how far they can be relied on"
    balanced = ", times what balances its slice" if manifest["balance"] else ""
    told.append(f"`weight` is {weight}{balanced}")
    if kind in PAIRS:
        sure = "the probability that `chosen` is the better one"
        voted = "the share of the votes for `chosen`"
        told.append(f"`p_chosen` is {sure if _is_relied(manifest) else voted}; a tie has 0.5")
    return "; ".join(told) + ". `lineage.jsonl` says for each id which judgments made it."


def _is_relied(manifest: dict[str, Any]) -> bool:
    return bool(manifest["definition"]["consensus"] == "reliability")


def _sources(judgments: dict[str, Any]) -> str:
    used = [
        f"{each['judgments']:,} {source} judgments by {_people(each['annotators'])}"
        for source, each in judgments["used"].items()
    ]
    unused = [
        f" {each['judgments']:,} {source} judgments were not asked for."
        for source, each in judgments["left_out"].items()
    ]
    apart = [f" {judgments[name]:,} {why}" for name, why in APART.items() if judgments.get(name)]
    return f"From {', '.join(used) or 'no judgments'}.{''.join(unused)}{''.join(apart)}"


def _earlier(carried: dict[str, int]) -> list[str]:
    if not any(carried.values()):
        return []
    return [
        "- Answers under earlier versions of a rubric: {kept:,} kept, {mapped:,} mapped, "
        "{left:,} left.".format(**carried)
    ]


def _agreement(told: dict[str, Any]) -> list[str]:
    if not told:
        return []
    left = [each for each in told["questions"] if not each["counts"]]
    names = ", ".join(f"{each['question']} ({each['why']})" for each in left)
    return [
        f"- Agreement: the lower end of alpha had to reach {told['least']:.2f}; {len(left):,} of "
        f"{len(told['questions']):,} questions did not, and {told['answers_left_out']:,} answers to them "
        f"are left out{f': {names}' if names else ''}."
    ]


APART = {
    "extra": "came too late for a place and are kept apart.",
    "withdrawn": "were withdrawn from data by a lead.",
    "too_young": "were so young that they could still be withdrawn; build again to have them.",
}


def _people(count: int) -> str:
    return "1 annotator" if count == 1 else f"{count:,} annotators"


def _length(length: dict[str, Any]) -> str:
    if not length["checked"]:
        return f"Not checked: {length['why']}."
    return (
        f"Checked against {length['limit']:,} tokens of {length['model']} ({length['how']}); "
        f"the longest row has {length['longest']:,}."
    )


def _cleaning(cleaning: dict[str, Any]) -> list[str]:
    """One line for each step that changed, found or left out anything."""
    entities = cleaning.get("entities")
    by = [f"- Names and the like were found by {told_in_words(entities)}."] if entities else []
    return (
        by
        + [
            "- Cleaning, {means}: {changed:,} texts changed, {found:,} found, {left_out:,} rows left "
            "out.".format(**each)
            for each in cleaning["steps"]
            if each["changed"] or each["found"] or each["left_out"]
        ]
        + [f"- Cleaning, {step}: not run, {why}." for step, why in cleaning["not_run"].items()]
    )


def _augmentation(told: dict[str, Any]) -> list[str]:
    if not told:
        return []
    ways = ", ".join(f"{each['by'].replace('_', ' ')} ({each['made']:,})" for each in told["ways"])
    return [
        f"- Augmentation made {told['rows']:,} of the training rows from {told['of']:,} others: {ways}. "
        "Nobody has judged them as they are; `lineage.jsonl` names the row that each comes from."
    ]


def _left_out(left_out: dict[str, Any]) -> list[str]:
    if not left_out:
        return ["Nothing."]
    rows = [f"| {name} | {each['count']:,} | {each['why']} |" for name, each in left_out.items()]
    return ["| reason | count | meaning |", "|---|---|---|", *rows]
