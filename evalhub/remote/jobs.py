from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import files_are_unchanged


def read_base(job: Job, beat: Beat) -> dict[str, Any]:
    """Work out the digest of a base model that nobody has read yet."""
    base = LanguageModel.objects.get(uid=UUID(job.payload["model"]))
    files_are_unchanged(model=base, beat=beat.report)
    return {"model": str(base.uid), "digest": base.digest}
