from evalhub.common.apps import EvalhubApp


class GroupsConfig(EvalhubApp):
    name = "evalhub.groups"
    default = True
