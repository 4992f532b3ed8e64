from evalhub.common.apps import EvalhubApp


class ImportsConfig(EvalhubApp):
    name = "evalhub.imports"
    default = True
