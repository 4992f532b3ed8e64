from evalhub.common.apps import EvalhubApp


class WebConfig(EvalhubApp):
    name = "evalhub.web"
    default = True
