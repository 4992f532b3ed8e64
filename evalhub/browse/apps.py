from evalhub.common.apps import EvalhubApp


class BrowseConfig(EvalhubApp):
    name = "evalhub.browse"
    default = True
