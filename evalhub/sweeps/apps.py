from evalhub.common.apps import EvalhubApp


class SweepsConfig(EvalhubApp):
    name = "evalhub.sweeps"
    default = True
