from evalhub.common.apps import EvalhubApp


class JudgesConfig(EvalhubApp):
    name = "evalhub.judges"
    default = True
