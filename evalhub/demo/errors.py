from __future__ import annotations

from evalhub.common.errors import DomainError


class DemoNotSeeded(DomainError):
    code = "demo_not_seeded"
