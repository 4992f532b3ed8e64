from evalhub.common.apps import EvalhubApp


class DemoConfig(EvalhubApp):
    name = "evalhub.demo"
    default = True
