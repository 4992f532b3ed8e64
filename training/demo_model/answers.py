"""python -m training.demo_model.answers FILE [MODEL]: the demo's prompts, each with four answers of the demo model.

Answers are drawn with the recipe `generate` at temperature 0.9 from a fixed seed; the first four that differ are
kept. Written as evalhub JSONL, so a person can import the file by hand. Beside it phrases.json tells the demo's
simulated judges by which words the styles are known. `make demo-prompts` repeats both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from training.contract import RunSpec
from training.demo_model import corpus
from training.demo_model.prompts import prompt_lines

MODEL = Path(__file__).parent.parent / "assets" / "demo-model"
NAME = "demo-model"  # what the web side registers the base model under
KEPT = 4
SETTINGS: dict[str, Any] = {"n": 16, "temperature": 0.9, "top_p": 1.0, "max_new_tokens": 96}
SEED = 7


def main(target: Path, model: Path) -> int:
    rows = [json.loads(line) for line in prompt_lines()]
    with tempfile.TemporaryDirectory(prefix="demo-answers-") as folder:
        answers = _sampled(Path(folder), rows, model.resolve())
    settings = SETTINGS | {"seed": SEED}
    for row in rows:
        row["completions"] = [
            {
                "id": f"{row['id']}-{index}",
                "model": NAME,
                "content": content,
                "settings": settings,
            }
            for index, content in enumerate(answers[row["id"]][:KEPT], start=1)
        ]
    target.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    target.with_name("phrases.json").write_text(json.dumps(_phrases(), indent=2) + "\n", "utf-8")
    _say(rows)
    return 0


def _sampled(run_dir: Path, rows: list[dict[str, Any]], model: Path) -> dict[str, list[str]]:
    """Different answers that ended by themselves, in the order in which they were drawn."""
    prompts = [{"id": row["id"], "prompt": row["messages"]} for row in rows]
    lines = "".join(f"{json.dumps(each)}\n" for each in prompts)
    (run_dir / "prompts.jsonl").write_text(lines, "utf-8")
    RunSpec(
        recipe="generate",
        model=str(model),
        seed=SEED,
        inputs={"prompts": "prompts.jsonl"},
        options=SETTINGS,
    ).write(run_dir)
    subprocess.run([sys.executable, "-m", "training", str(run_dir)], check=True)
    found: dict[str, list[str]] = {row["id"]: [] for row in rows}
    completions = (run_dir / "artifacts" / "completions.jsonl").read_text("utf-8")
    for line in completions.splitlines():
        each = json.loads(line)
        if each["finish"] == "stop" and each["content"] not in found[each["prompt"]]:
            found[each["prompt"]].append(each["content"])
    return found


def _phrases() -> dict[str, list[str]]:
    polite = (*corpus.POLITE_OPENERS, *corpus.GREETING_OPENERS, corpus.SORRY)
    return {
        "polite_openers": sorted(set(polite)),
        "curt_openers": sorted(corpus.CURT_OPENERS),
        "curt_closers": sorted(corpus.CURT_CLOSERS),
    }


def _say(rows: list[dict[str, Any]]) -> None:
    styles = Counter(
        corpus.style_of(each["content"]) for row in rows for each in row["completions"]
    )
    counts = Counter(len(row["completions"]) for row in rows)
    sys.stderr.write(f"answers per prompt {dict(counts)}, styles {dict(styles)}\n")


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else MODEL))
