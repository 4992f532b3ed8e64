"""Prompts that no build takes any more, and what was written anew from them; for SQL.

A rewritten prompt says what its parent says in other words: when the parent is archived or withdrawn from
data, so is what came of it, however many steps away, and it comes back with the parent.
"""

from __future__ import annotations

_WITHDRAWN = """
    SELECT w.prompt_id FROM quality_withdrawal w
    LEFT JOIN quality_reinstatement r ON r.withdrawal_id = w.id
    WHERE w.prompt_id IS NOT NULL AND r.id IS NULL
"""
IS_GONE = f"""(
    p.archived_at IS NOT NULL OR p.id IN ({_WITHDRAWN})
    OR p.parent_id IS NOT NULL AND EXISTS (
        WITH RECURSIVE above AS (
            SELECT q.id, q.parent_id, q.archived_at FROM prompts_prompt q WHERE q.id = p.parent_id
            UNION ALL
            SELECT q.id, q.parent_id, q.archived_at
            FROM prompts_prompt q JOIN above ON q.id = above.parent_id
        )
        SELECT 1 FROM above WHERE archived_at IS NOT NULL OR id IN ({_WITHDRAWN})
    )
)"""  # noqa: S608  constants; of a row of prompts_prompt that is called p
