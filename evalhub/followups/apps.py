from evalhub.common.apps import EvalhubApp


class FollowupsConfig(EvalhubApp):
    name = "evalhub.followups"
    default = True
