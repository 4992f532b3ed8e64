"""Files of real judgments as evalhub JSONL, in the way a team would bring its own."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.real.conftest import real_file

CRITERIA = ("grammar", "fluency", "verbosity", "structure", "success", "overall")
TYPES = ("extrinsic", "intrinsic")
SUMMARIES = "xsum_hallucination/{}_annotations_xsum_summaries.csv"


def recipes(folder: Path) -> tuple[Path, Path]:
    """Recipes in one wording each (`condition`), rated from 1 to 6 on six criteria."""
    with real_file("recipes_likert/ratings.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        answers[row["recipeid"]][row["condition"]] = row["dish"]
    judgments = [
        {
            "id": f"r{nth}",
            "prompt": row["recipeid"],
            "rubric": "recipes",
            "annotator": row["participant"],
            "responses": [row["condition"]],
            "ratings": [
                {"response": row["condition"], "criterion": name, "value": int(row[name])}
                for name in CRITERIA
            ],
        }
        for nth, row in enumerate(rows)
    ]
    return _written(folder, answers, judgments)


def factuality(folder: Path) -> tuple[Path, Path]:
    """Whether a summary is factual: yes, no, or nothing told."""
    rows = _rows(SUMMARIES.format("factuality"))
    said = {"yes": 1, "no": 0}
    judgments = [
        {
            "id": f"f{nth}",
            "prompt": row["bbcid"],
            "rubric": "summaries",
            "annotator": row["worker_id"],
            "responses": [row["system"]],
            "ratings": [
                {
                    "response": row["system"],
                    "criterion": "factual",
                    "value": said.get(row["is_factual"]),
                }
            ],
        }
        for nth, row in enumerate(rows)
    ]
    return _written(folder, _summaries(rows), judgments)


def hallucinations(folder: Path) -> tuple[Path, Path]:
    """Passages that the source does not bear out, with the offsets that the file gives."""
    rows = _rows(SUMMARIES.format("hallucination"))
    judgments = [
        {
            "id": f"h{nth}",
            "prompt": row["bbcid"],
            "rubric": "summaries",
            "annotator": row["worker_id"],
            "responses": [row["system"]],
            **_marked(row),
        }
        for nth, row in enumerate(rows)
    ]
    return _written(folder, _summaries(rows), judgments)


def _marked(row: dict[str, str]) -> dict[str, Any]:
    """The passage; a row of no type, or without a passage, says that there is none to mark."""
    if row["hallucination_type"] not in TYPES or not row["hallucinated_span"]:
        return {"critique": row["hallucination_type"] or "none"}
    span = {
        "response": row["system"],
        "start": int(row["hallucinated_span_start"]),
        "end": int(row["hallucinated_span_end"]),
        "error_type": row["hallucination_type"],
        "text": row["hallucinated_span"],
    }
    return {"spans": [span]}


def labels(folder: Path) -> tuple[Path, Path, dict[str, int]]:
    """Yes or no by a crowd, and the right answers."""
    rows = [line.split() for line in real_file("crowd_dev/bm_labels.txt").read_text().splitlines()]
    answers = {item: {"it": f"Item {item}"} for _, item, _ in rows}
    judgments = [
        {
            "id": f"l{nth}",
            "prompt": item,
            "rubric": "labels",
            "annotator": worker,
            "responses": ["it"],
            "ratings": [{"response": "it", "criterion": "positive", "value": int(label)}],
        }
        for nth, (worker, item, label) in enumerate(rows)
    ]
    gold = real_file("crowd_dev/bm_evaluation.txt").read_text().splitlines()
    truth = {item: int(label) for item, label in (line.split() for line in gold)}
    return *_written(folder, answers, judgments), truth


def _rows(name: str) -> list[dict[str, str]]:
    with real_file(name).open(newline="") as file:
        return list(csv.DictReader(file))


def _summaries(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row["bbcid"]][row["system"]] = row["summary"]
    return found


def _written(
    folder: Path, answers: dict[str, dict[str, str]], judgments: list[dict[str, Any]]
) -> tuple[Path, Path]:
    prompts = [
        {
            "id": name,
            "messages": [{"role": "user", "content": f"The one called {name}"}],
            "completions": [
                {"id": model, "model": model, "content": text} for model, text in texts.items()
            ],
        }
        for name, texts in answers.items()
    ]
    paths = folder / "prompts.jsonl", folder / "judgments.jsonl"
    for path, rows in zip(paths, (prompts, judgments), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return paths
