"""README.md of a folder: the head that the hub and `datasets` read, then the card."""

from __future__ import annotations

import json
import re
from typing import Any

from evalhub.common.files import file_store
from evalhub.datasets.card import NOT_STATED, licences_of
from evalhub.datasets.models import DatasetBuild

# https://huggingface.co/docs/hub/repositories-licenses: what the hub knows by name
KNOWN = {
    "apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0",
    "cc-by-nd-4.0", "odc-by", "odbl", "pddl", "cdla-permissive-2.0", "openrail", "bsd-3-clause",
    "gpl-3.0", "unlicense", "wtfpl",
}  # fmt: skip
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))


def readme_of(build: DatasetBuild, names: dict[str, str], rows: int) -> str:
    """Args:
    names: of the files by split, as a pattern.
    """
    with file_store().open(build.files["card.md"]["key"]) as stream:
        card = stream.read().decode()
    return "\n".join(["---", *_head(build, names, rows), "---", "", card])


def _head(build: DatasetBuild, names: dict[str, str], rows: int) -> list[str]:
    """YAML; a JSON string is one, so that no name can be taken for anything else."""
    size = next((word for least, word in SIZES if rows < least), "1M<n<10M")
    lines = [f"pretty_name: {_text(build.dataset.name)}", *_licence(build.manifest)]
    lines += ["tags:", "- evalhub", "- human-feedback", "size_categories:", f"- {_text(size)}"]
    if names:
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for split, name in names.items():
            lines += [f"  - split: {split}", f"    path: {_text(name)}"]
    return lines


def _licence(manifest: dict[str, Any]) -> list[str]:
    """What nobody has stated is unknown; several, or one that the hub does not know, are `other`."""
    stated = ", ".join(licences_of(manifest))
    if stated == NOT_STATED:
        return ["license: unknown"]
    known = re.sub(r"\s+", "-", stated.strip().lower())
    if known in KNOWN:
        return [f"license: {known}"]
    return ["license: other", f"license_name: {_text(stated)}"]


def _text(value: str) -> str:
    return json.dumps(value)
