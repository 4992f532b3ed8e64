from evalhub.common.apps import EvalhubApp


class ValuingConfig(EvalhubApp):
    name = "evalhub.valuing"
    default = True
