from evalhub.common.errors import Conflict, DomainError


class RubricFrozen(Conflict):
    code = "rubric_frozen"


class UnfitRubric(DomainError):
    code = "unfit_rubric"


class UnfitCarryRule(DomainError):
    code = "unfit_carry_rule"
