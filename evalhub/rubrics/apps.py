from evalhub.common.apps import EvalhubApp


class RubricsConfig(EvalhubApp):
    name = "evalhub.rubrics"
    default = True
