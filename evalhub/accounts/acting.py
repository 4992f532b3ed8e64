from __future__ import annotations

from dataclasses import dataclass

from evalhub.accounts.choices import Role
from evalhub.common.rows import first_row

_BY_DIGEST = """
    SELECT m.id, m.workspace_id, m.pseudonym, m.roles, m.kind
    FROM accounts_apitoken t
    JOIN accounts_member m ON m.id = t.member_id
    LEFT JOIN accounts_user u ON u.id = m.user_id
    WHERE t.digest = %s AND t.revoked_at IS NULL AND m.is_active AND coalesce(u.is_active, true)
"""


@dataclass(frozen=True)
class Acting:
    """Who a token speaks for. Read afresh on each request, so that a revocation counts at once."""

    member_id: int
    workspace_id: int
    pseudonym: str
    roles: frozenset[str]
    kind: str

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> None:
        """No account: what looks up request.user.pk finds nobody."""

    def has(self, *roles: Role) -> bool:
        return bool({Role.OWNER.value, *(role.value for role in roles)} & self.roles)


def acting_by_digest(digest: str) -> Acting | None:
    """One statement by hand: the ORM would cost 0.3 ms on each request of the hot path."""
    row = first_row(_BY_DIGEST, [digest])
    if row is None:
        return None
    member, workspace, pseudonym, roles, kind = row
    return Acting(member, workspace, pseudonym, frozenset(roles), kind)
