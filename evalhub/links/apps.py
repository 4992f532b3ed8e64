from evalhub.common.apps import EvalhubApp


class LinksConfig(EvalhubApp):
    name = "evalhub.links"
    default = True
