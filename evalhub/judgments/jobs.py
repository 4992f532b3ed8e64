from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from evalhub.judgments.models import FILLS_A_PLACE, WORKED_MS, TallyMark

AT_ONCE = 50_000  # keys, in one transaction
YOUNG = 60  # seconds after which no transaction with an older judgment is still under way

# A judgment that could still be withdrawn, or one with a lower key that is not committed yet, must
# not lie behind the mark: so it stops before the first one that is young.
_BEGIN = "SELECT min(id) - 1 FROM judgments_judgment WHERE id > %s"  # over a gap in one step
_END = """
    SELECT least(
        %(begin)s + %(at_once)s,
        coalesce((SELECT min(id) - 1 FROM judgments_judgment
                  WHERE id > %(begin)s AND id <= %(begin)s + %(at_once)s
                    AND created_at > now() - make_interval(secs => %(young)s)),
                 (SELECT max(id) FROM judgments_judgment),
                 %(begin)s))
"""
_COUNT = f"""
    INSERT INTO judgments_tally (campaign_id, member_id, source, hour, judgments, timed, active_ms,
                                 worked_ms, first_id, last_id)
    SELECT campaign_id, member_id, source, date_trunc('hour', judged_at, 'UTC'), count(*),
           count(active_ms), coalesce(sum(active_ms), 0), coalesce(sum({WORKED_MS}), 0),
           min(id), max(id)
    FROM judgments_judgment
    WHERE id > %(begin)s AND id <= %(end)s AND {FILLS_A_PLACE}
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (campaign_id, hour, member_id, source) DO UPDATE SET
        judgments = judgments_tally.judgments + excluded.judgments,
        timed = judgments_tally.timed + excluded.timed,
        active_ms = judgments_tally.active_ms + excluded.active_ms,
        worked_ms = judgments_tally.worked_ms + excluded.worked_ms,
        last_id = excluded.last_id
"""  # noqa: S608  constants only


@transaction.atomic
def tally() -> int:
    """Add up what was judged since the last time; each judgment is counted once.

    Returns:
        Over how many keys it looked, at most fifty thousand a call.
    """
    TallyMark.objects.get_or_create(pk=1)
    mark = TallyMark.objects.select_for_update().get(pk=1)  # two at once: in turn
    young = max(YOUNG, 2 * settings.EVALHUB_UNDO_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [mark.up_to])
        begin: int | None = cursor.fetchone()[0]
        if begin is None:
            return 0
        asked = {"begin": begin, "at_once": AT_ONCE, "young": young}
        cursor.execute(_END, asked)
        end: int = cursor.fetchone()[0]
        if end <= begin:
            return 0
        cursor.execute(_COUNT, asked | {"end": end})
    TallyMark.objects.filter(pk=1).update(up_to=end)
    return end - begin
