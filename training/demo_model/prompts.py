"""python -m training.demo_model.prompts FILE: the demo's prompts, a choice from the corpus, as evalhub JSONL.

The reference is a polite answer; the slice `seen` says whether the demo model learnt the prompt.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from training.demo_model.corpus import answer, held_out, items

WANTED = {
    "capital": 36,
    "animal": 34,
    "how-to": 26,
    "why": 20,
    "e-mail": 20,
    "refusal": 14,
    "greeting": 10,
}
UNSEEN = 0.35  # share of each kind, as far as there are so many


def prompt_lines() -> list[str]:
    """One JSON object a line, the same ones every time."""
    rng = random.Random(5)  # noqa: S311
    everything = items()
    hidden = held_out(everything)
    chosen = []
    for kind, wanted in WANTED.items():
        unseen = [each for each in everything if each.kind == kind and each.prompt in hidden]
        seen = [each for each in everything if each.kind == kind and each.prompt not in hidden]
        take = min(len(unseen), round(wanted * UNSEEN))
        chosen += rng.sample(unseen, take) + rng.sample(seen, wanted - take)
    rng.shuffle(chosen)
    rows = (
        {
            "id": f"demo-{number:03d}",
            "messages": [{"role": "user", "content": each.prompt}],
            "reference": answer(each, "polite", rng),
            "documents": [],
            "slices": {"kind": each.kind, "seen": "no" if each.prompt in hidden else "yes"},
            "group": None,
        }
        for number, each in enumerate(chosen, start=1)
    )
    return [json.dumps(row) for row in rows]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("".join(f"{line}\n" for line in prompt_lines()), "utf-8")
