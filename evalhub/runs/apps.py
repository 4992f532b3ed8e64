from evalhub.common.apps import EvalhubApp


class RunsConfig(EvalhubApp):
    name = "evalhub.runs"
    default = True
