from __future__ import annotations

import hashlib

from django.db import OperationalError, connection, transaction
from django.db.models import Max

from evalhub.accounts.models import Workspace
from evalhub.judgments.models import Judgment
from evalhub.quality.errors import TooBusy
from evalhub.quality.models import ConsensusSnapshot
from evalhub.quality.queries import current_up_to


def take_snapshot(workspace: Workspace) -> ConsensusSnapshot:
    """Freeze what is judged so far: the rows it names stay the same for ever.

    Raises:
        TooBusy: writers kept the table for five seconds; try again.
    """
    last = _last_safe_key(workspace)
    digest, count = hashlib.sha256(), 0
    uids = current_up_to(workspace, last).order_by("uid").values_list("uid", flat=True)
    with transaction.atomic():  # a server-side cursor lives in a transaction
        for uid in uids.iterator(chunk_size=5000):
            digest.update(uid.bytes)
            count += 1
        return ConsensusSnapshot.objects.create(
            workspace=workspace, last_judgment=last, judgments=count, digest=digest.hexdigest()
        )


def _last_safe_key(workspace: Workspace) -> int:
    """The highest key below which nothing can still appear.

    Keys are handed out before the commit. The lock waits for the writers under way, a few
    milliseconds, so that none of them commits a lower key afterwards.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("LOCK TABLE judgments_judgment IN SHARE MODE")
            highest = Judgment.objects.filter(workspace=workspace).aggregate(last=Max("pk"))
            return highest["last"] or 0
    except OperationalError as error:
        raise TooBusy("Too much is being written just now; try again in a minute.") from error
