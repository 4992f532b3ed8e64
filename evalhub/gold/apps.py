from evalhub.common.apps import EvalhubApp


class GoldConfig(EvalhubApp):
    name = "evalhub.gold"
    default = True
