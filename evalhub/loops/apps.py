from evalhub.common.apps import EvalhubApp


class LoopsConfig(EvalhubApp):
    name = "evalhub.loops"
    default = True
