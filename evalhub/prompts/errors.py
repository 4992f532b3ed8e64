from evalhub.common.errors import DomainError


class BadSlug(DomainError):
    code = "bad_slug"
