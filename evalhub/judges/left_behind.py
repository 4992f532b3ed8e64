"""What a judge's run that did not end well had heard: it was paid for, so it is kept."""

from __future__ import annotations

from typing import Any

from evalhub.common.files import Beat
from evalhub.runs.folder import fetch_checkpoint, run_dir
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Run
from training.ledger import answers_in

ANSWERED, REFUSED = "completions.jsonl", "refused.jsonl"


def keep_replies(run: Run, beat: Beat) -> bool:
    """Store its replies as artifacts, as a run that ends well does; False where it heard nothing.

    From this worker's disk, or else the newest checkpoint that was stored, which may be a minute older.
    """
    folder = run_dir(run)
    folder.mkdir(parents=True, exist_ok=True)
    fetch_checkpoint(run, folder, beat)
    rows: dict[str, list[dict[str, Any]]] = {ANSWERED: [], REFUSED: []}
    for (prompt, index, _turn), answer in answers_in(folder).items():
        name = REFUSED if answer["finish"] == "refused" else ANSWERED
        rows[name].append({"prompt": prompt, "index": index, **answer})
    if not any(rows.values()):
        return False
    run.artifacts |= {name: store_rows(each)._asdict() for name, each in rows.items() if each}
    run.save(update_fields=["artifacts"])
    return True
