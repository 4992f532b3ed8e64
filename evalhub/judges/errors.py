from evalhub.common.errors import Conflict, DomainError


class BadJudge(DomainError):
    """A judge, its prompt or a bound that means nothing; the sentence says which."""

    code = "bad_judge"


class UnfitForJudge(DomainError):
    """The campaign asks what a judge model does not answer, or under another rubric."""

    code = "unfit_for_judge"


class StillJudging(Conflict):
    """The judge judges that campaign already."""

    code = "still_judging"


class BarNotMet(Conflict):
    """The judge does not agree with people as the lead's bar asks; the figures are in the sentence."""

    code = "bar_not_met"


class JudgeNotAccepted(Conflict):
    """A build asks for judgments of a judge that no lead has accepted, or whose bar is met no longer."""

    code = "judge_not_accepted"
