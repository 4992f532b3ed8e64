from evalhub.common.errors import Conflict


class NothingToFollow(Conflict):
    """Nobody has corrected or criticised anything there."""

    code = "nothing_to_follow"


class FollowUpEnded(Conflict):
    code = "follow_up_ended"
